import { Problem, TypedEventTarget } from "./events.js";
import { CallStatistics, Media, MediaBitrateLimits, MediaRequest, SecurityEmoji } from "./media.js";

/** Where a call stands, as this side sees it. `inviting` is the caller's only: nobody rings yet. */
export type CallState = "inviting" | "ringing" | "connecting" | "active" | "reconnecting" | "ended";

export const CallPhase: Readonly<{ [State in CallState]: State }>;

/**
 * Why a call ended.
 *
 * `answered_elsewhere` and `declined_elsewhere` speak of this device's part: the user has dealt with the call on
 * another one, and it is no missed call. `replaced`: the call goes on on another device of the user, or a newer call
 * between the two took its place. `glare`, of an incoming call: both had called each other, and the call goes on in the
 * object of the outgoing one. `ignored` and `busy` are also what this device itself has said.
 */
export type EndReason =
    | "hangup" | "cancelled" | "declined" | "busy" | "no_answer" | "unreachable" | "not_allowed"
    | "answered_elsewhere" | "declined_elsewhere" | "glare" | "replaced" | "expired" | "connect_failed" | "media_lost"
    | "media_error" | "signal_lost" | "unsupported" | "server_error" | "ignored" | (string & {});

/** When each step came, in milliseconds since the call began on this page; what did not happen (yet) is absent. */
export interface Timings {
    /** The invite was handed to the outbox (caller) or delivered (callee). */
    invited?: number;
    /** The server has committed the invite (caller). */
    accepted?: number;
    /** The offer (caller) or the prepared answer (callee) was handed to the outbox. */
    offerSent?: number;
    /** The first device rings. */
    ringing?: number;
    /** The user picked up (callee). */
    pickedUp?: number;
    /** The server has decided which device answered. */
    selected?: number;
    /** The peer's description and its first candidates are in hand. */
    prepared?: number;
    /** Packets pass between the two devices. */
    iceConnected?: number;
    /** The application has drawn the first frame (see `Call.firstFrameDrawn`). */
    firstFrame?: number;
    /** The call is over on this device. */
    ended?: number;
}

/** The steps in the order in which they are expected. */
export const timingSteps: readonly (keyof Timings)[];

/**
 * `unavailable`: not selected yet, or the peer does not take part. `pending`: the two devices are at it, or media does
 * not flow yet. `ready`: there is a code to compare. `failed`: what the peer said does not fit together; the call may
 * be overheard.
 */
export type SecurityState = "unavailable" | "pending" | "ready" | "failed";

export interface CallEvents {
    state: { state: CallState; reason?: EndReason; detail?: string };
    /** Camera and microphone are open, or another track took the place of one: something to show. */
    localstream: { stream: MediaStream };
    /** The peer sends other tracks than before; the stream is always the same object. */
    remotestream: { stream: MediaStream };
    /** `remote` includes the camera that the peer's SDK has paused for want of bitrate. */
    mute: { local: Media; remote: Media };
    /** Somebody began or ceased to show his screen in place of his camera. */
    screen: { local: boolean; remote: boolean };
    timing: { step: keyof Timings; ms: number };
    /** The application's own messages. */
    info: { type: string; body: string };
    /** The peer's device has lost the media, or has it again. */
    peer: { reconnecting: boolean };
    /**
     * Both had called each other, and this object goes on as another call: `callee` of the other's, or `caller` again
     * if that one was over already. Id and role have changed; nothing else needs to.
     */
    glare: { previousId: string; id: string; role: "caller" | "callee" };
    /** The peer takes the call to another of his devices. The stream goes on; `failed` changes nothing. */
    handover: { state: "started" | "completed" | "failed"; device: string };
    security: { state: SecurityState; code: SecurityEmoji[] | null };
    statistics: CallStatistics;
    /** Our video stops, or goes on, since the network takes too little of it. */
    videopause: { paused: boolean; availableKbps?: number };
    problem: Problem;
}

declare const CallTarget: new () => TypedEventTarget<CallEvents>;

/** One call, on this device. */
export class Call extends CallTarget {
    private constructor();
    /** A UUID, made by the caller's device. Changes with the event `glare` only. */
    readonly id: string;
    /** Changes with the event `glare` only. */
    readonly role: "caller" | "callee";
    /** The user at the other end. */
    readonly peer: string;
    /** What the caller asked for. */
    readonly media: Media;
    readonly state: CallState;
    /** Once it ended. */
    readonly endReason: EndReason | undefined;
    /** Once it ended, if there is more to say, as `caller_lost`. */
    readonly endDetail: string | undefined;
    /** The page was loaded anew during the call. */
    readonly restored: boolean;
    /** When it began on this device, a reload of the page before or after; milliseconds since 1970. */
    readonly startedAt: number;
    /** When media flowed for the first time, likewise; null before. For a clock that survives reloads. */
    readonly activeSince: number | null;
    readonly timings: Timings;
    /** What is sent: camera or screen, and microphone. */
    readonly localStream: MediaStream | null;
    /** What the peer sends; empty until it does. */
    readonly remoteStream: MediaStream;
    readonly muted: Media;
    /** What the peer has switched off. */
    readonly remoteMuted: Media;
    /** Whether the screen is shown in place of the camera. */
    readonly screen: { local: boolean; remote: boolean };
    /** Whether our video is paused for want of bitrate. */
    readonly videoPaused: boolean;
    /** Whether the peer's device says that it has lost the media. */
    readonly peerReconnecting: boolean;
    /** Five pictures that both people see alike if nobody is between them; null while there are none to compare. */
    readonly securityCode: SecurityEmoji[] | null;
    readonly securityState: SecurityState;
    /** Not to be steered from outside; a reload or a handover of the peer replaces it. */
    readonly peerConnection: RTCPeerConnection | null;

    /** Picks up. Camera and microphone are opened now, not before, and join when they are there. */
    accept(media?: Partial<MediaRequest>): void;
    /**
     * Cancels, declines or hangs up, whichever it is by now. Without effect on a call that ended.
     * @param options - `urgent`: the page is about to go away
     */
    hangup(reason?: string, options?: { urgent?: boolean }): void;
    /** Is quiet here and rings on elsewhere. */
    ignore(): void;
    /** Tells the caller that this device is in a call already; others ring on. */
    busy(): void;
    /** Kinds that are not named stay as they are. */
    setMuted(muted: Partial<Media>): void;
    /**
     * Opens what is not open yet, as the camera in a call that began without, and sends it.
     * @returns the whole local stream; rejects with the browser's reason
     */
    openMedia(kinds: Partial<Media>): Promise<MediaStream>;
    /** Sends this track in place of the one of its kind. It stays the application's: the SDK never stops it. */
    addTrack(track: MediaStreamTrack): Promise<void>;
    /** Sends nothing of this kind any more, and stops what the SDK has opened. */
    removeTrack(kind: "audio" | "video"): Promise<void>;
    /**
     * Sends the screen in place of the camera, until `stopSharing` or until the browser's own button ends it.
     * @param stream - used instead of asking the user what to share
     */
    shareScreen(stream?: MediaStream | Promise<MediaStream>): Promise<MediaStream>;
    stopSharing(): Promise<void>;
    /** What is not named stays as it is. */
    setBitrate(limits: MediaBitrateLimits): Promise<void>;
    /** Sends a message of the application's own to the peer's device, once it is known. At most 64 KiB. */
    sendInfo(type: string, body: string): void;
    /** Looks for a new path. The SDK does it by itself when the network changes or packets cease to pass. */
    restartIce(): Promise<void>;
    /** Looks now. Null before there is a peer connection. */
    statistics(): Promise<CallStatistics | null>;
    /** To be called when the first frame of the peer's video is on the screen. */
    firstFrameDrawn(): void;
}
