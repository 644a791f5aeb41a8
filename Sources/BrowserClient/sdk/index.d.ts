/**
 * The browser SDK of Switchboard.
 *
 * ```js
 * const client = new SwitchboardClient({ url: "wss://calls.example/v1/connect", getToken: () => fetchToken() });
 * client.addEventListener("incoming", ({ detail: { call } }) => ring(call));
 * await client.connect();
 * const call = client.call("bob");
 * call.addEventListener("remotestream", ({ detail: { stream } }) => (video.srcObject = stream));
 * ```
 */

/** Where a call stands, as this side sees it. `inviting` is the caller's only: nobody rings yet. */
export type CallState = "inviting" | "ringing" | "connecting" | "active" | "reconnecting" | "ended";

/**
 * Why a call ended. `answered_elsewhere` and `declined_elsewhere` speak of this device's part: the user has dealt with
 * the call on another one, and it is no missed call.
 */
export type EndReason =
    | "hangup" | "cancelled" | "declined" | "busy" | "no_answer" | "unreachable" | "not_allowed"
    | "answered_elsewhere" | "declined_elsewhere" | "glare" | "replaced" | "expired" | "connect_failed" | "media_lost"
    | "media_error" | "signal_lost" | "unsupported" | "server_error" | "ignored" | (string & {});

export interface Media {
    audio: boolean;
    video: boolean;
}

export interface MediaRequest extends Media {
    /** Used instead of camera and microphone. Its tracks stay the application's: the SDK never stops them. */
    stream?: MediaStream | Promise<MediaStream>;
}

export interface ConnectionStatus {
    /**
     * `reconnecting`: a connection was there and is made again, without the application's doing. `stopped`: the server
     * wants no connection (`reason`), or `close` was called; only `connect` goes on from there.
     */
    state: "idle" | "connecting" | "connected" | "reconnecting" | "stopped";
    /** The node that holds, or held, the connection. */
    node: string | null;
    /** Why the last connection was lost: an error name of the protocol, or `closed_<code>`. */
    reason?: string;
    /** The longest wait before the next attempt, in milliseconds. */
    retryInMs?: number;
}

/** When each step came, in milliseconds since the call began on this device; what did not happen (yet) is absent. */
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

export const CallPhase: Readonly<{ [State in CallState]: State }>;

/** Something went wrong that ends nothing by itself; for the user's information, or a log. */
export interface Problem {
    /** A stable error name of the protocol, or the browser's name of the error. */
    name: string;
    message: string;
    /** With calls: what failed. `media` (camera or microphone), `negotiation`, or the kind of message refused. */
    kind?: string;
}

export interface ClientEvents {
    connection: CustomEvent<ConnectionStatus>;
    /** A call that rings here, when the user should see it. */
    incoming: CustomEvent<{ call: Call }>;
    /** A call that this client makes. */
    call: CustomEvent<{ call: Call }>;
    problem: CustomEvent<Problem>;
}

export interface CallEvents {
    state: CustomEvent<{ state: CallState; reason?: EndReason }>;
    /** Camera and microphone are open: something to show. */
    localstream: CustomEvent<{ stream: MediaStream }>;
    /** The peer sends another kind of media; the stream is always the same object. */
    remotestream: CustomEvent<{ stream: MediaStream }>;
    mute: CustomEvent<{ local: Media; remote: Media }>;
    timing: CustomEvent<{ step: keyof Timings; ms: number }>;
    /** The application's own messages. */
    info: CustomEvent<{ type: string; body: string }>;
    problem: CustomEvent<Problem>;
}

export interface ClientOptions {
    /** Of `/v1/connect`: ws or wss. */
    url: string;
    /**
     * Called for every connection, and again a minute before the token expires. May reject: the connection is then
     * tried again with backoff.
     */
    getToken: () => string | Promise<string>;
    /** Laid over what the server says (its ICE servers). */
    rtcConfiguration?: RTCConfiguration;
    /** Default: IndexedDB, or memory where there is none. */
    storage?: OutboxStorage;
    /** Default: one per tab, in sessionStorage under a Web Lock. */
    identity?: DeviceIdentity;
    /** Delays and bounds other than the defaults of `session/session-machine.js`. */
    settings?: object;
    /** For tests: what is taken from the surroundings (`environment.js`). */
    environment?: object;
}

/** A device: keeps the connection, makes calls and takes them. */
export class SwitchboardClient extends EventTarget {
    constructor(options: ClientOptions);
    /** As the token says; null before the first connection. */
    readonly user: string | null;
    /** Stable over reloads and reconnects; null before `connect`. */
    readonly device: string | null;
    /** The node that holds the connection; null before the first. */
    readonly node: string | null;
    readonly connection: ConnectionStatus;
    /** Calls that have not ended. */
    readonly calls: Call[];
    /** Connects, and from then on stays connected. Resolves when synchronised, rejects if the server wants none. */
    connect(): Promise<void>;
    /**
     * Closes the connection. With `hangUp` the calls are ended first: what a page does when it is left. Otherwise they
     * go on without signaling.
     */
    close(options?: { hangUp?: boolean }): void;
    /**
     * Calls a user: all devices of that user ring. Returns at once, also without a connection: the invite waits in the
     * outbox.
     * @throws Error before `connect`
     */
    call(callee: string, media?: Partial<MediaRequest>): Call;
    addEventListener<Type extends keyof ClientEvents>(
        type: Type,
        listener: (event: ClientEvents[Type]) => void,
        options?: AddEventListenerOptions | boolean,
    ): void;
    addEventListener(
        type: string,
        listener: EventListenerOrEventListenerObject | null,
        options?: AddEventListenerOptions | boolean,
    ): void;
    removeEventListener<Type extends keyof ClientEvents>(
        type: Type,
        listener: (event: ClientEvents[Type]) => void,
        options?: EventListenerOptions | boolean,
    ): void;
    removeEventListener(
        type: string,
        listener: EventListenerOrEventListenerObject | null,
        options?: EventListenerOptions | boolean,
    ): void;
}

/** One call, on this device. */
export class Call extends EventTarget {
    /** A UUID, made by the caller's device. */
    readonly id: string;
    readonly role: "caller" | "callee";
    /** The user at the other end. */
    readonly peer: string;
    /** What the caller asked for. */
    readonly media: Media;
    readonly state: CallState;
    /** Once it ended. */
    readonly endReason: EndReason | undefined;
    readonly timings: Timings;
    readonly localStream: MediaStream | null;
    /** What the peer sends; empty until it does. */
    readonly remoteStream: MediaStream;
    readonly muted: Media;
    /** What the peer has switched off. */
    readonly remoteMuted: Media;
    /** For statistics; not to be steered from outside. */
    readonly peerConnection: RTCPeerConnection | null;
    /** Picks up. Camera and microphone are opened now, not before, and join when they are there. */
    accept(media?: Partial<MediaRequest>): void;
    /** Cancels, declines or hangs up, whichever it is by now. Without effect on a call that ended. */
    hangup(reason?: string, options?: { urgent?: boolean }): void;
    /** Is quiet here and rings on elsewhere. */
    ignore(): void;
    /** This device is in a call already. */
    busy(): void;
    /** Kinds that are not named stay as they are. */
    setMuted(muted: Partial<Media>): void;
    /** To be called when the first frame of the peer's video is on the screen. */
    firstFrameDrawn(): void;
    addEventListener<Type extends keyof CallEvents>(
        type: Type,
        listener: (event: CallEvents[Type]) => void,
        options?: AddEventListenerOptions | boolean,
    ): void;
    addEventListener(
        type: string,
        listener: EventListenerOrEventListenerObject | null,
        options?: AddEventListenerOptions | boolean,
    ): void;
    removeEventListener<Type extends keyof CallEvents>(
        type: Type,
        listener: (event: CallEvents[Type]) => void,
        options?: EventListenerOptions | boolean,
    ): void;
    removeEventListener(
        type: string,
        listener: EventListenerOrEventListenerObject | null,
        options?: EventListenerOptions | boolean,
    ): void;
}

/** A send in storage. */
export interface StoredSend {
    number: number;
    message: object;
    /** Milliseconds since 1970. */
    requestedAt: number;
}

/**
 * Where sends wait until the server has accepted them. Writes are asked for one at a time, in order; one that rejects
 * is reported (`storage_failed`) and its message is sent all the same.
 */
export interface OutboxStorage {
    load(device: string): Promise<null | {
        outbox: string;
        conversations: { id: string; nextNumber: number; received?: number; sends: StoredSend[] }[];
    }>;
    /** Begins an empty outbox under this random id, in place of any other of the device. */
    create(device: string, outbox: string): Promise<void>;
    storeSends(device: string, sends: { conversation: string; entry: StoredSend; nextNumber: number }[]): Promise<void>;
    /** Up to and with this number. */
    removeSends(device: string, conversation: string, through: number): Promise<void>;
    storeCursor(device: string, conversation: string, received: number, nextNumber: number): Promise<void>;
    forget(device: string, conversation: string): Promise<void>;
}

export class MemoryStorage implements OutboxStorage {
    load: OutboxStorage["load"];
    create: OutboxStorage["create"];
    storeSends: OutboxStorage["storeSends"];
    removeSends: OutboxStorage["removeSends"];
    storeCursor: OutboxStorage["storeCursor"];
    forget: OutboxStorage["forget"];
}

export class IndexedDBStorage implements OutboxStorage {
    static open(name?: string): Promise<IndexedDBStorage>;
    load: OutboxStorage["load"];
    create: OutboxStorage["create"];
    storeSends: OutboxStorage["storeSends"];
    removeSends: OutboxStorage["removeSends"];
    storeCursor: OutboxStorage["storeCursor"];
    forget: OutboxStorage["forget"];
}

/** Which device this is; see `device-identity.js`. */
export class DeviceIdentity {
    static claim(environment?: { storage?: Storage; locks?: LockManager }): Promise<DeviceIdentity>;
    readonly device: string;
    readonly connection: number;
    connectionUsed(connection: number): void;
    release(): void;
}

/** The message is larger than `welcome.limits` allows. */
export class MessageTooLargeError extends Error {}

/** Too many messages of one call wait for the server. */
export class OutboxFullError extends Error {}
