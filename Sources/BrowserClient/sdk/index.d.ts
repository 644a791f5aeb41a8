/**
 * The browser SDK of Switchboard. Guide: docs/BROWSER-SDK.md.
 *
 * ```js
 * const client = new SwitchboardClient({ url: "wss://calls.example/v1/connect", getToken: () => fetchToken() });
 * client.addEventListener("incoming", ({ detail: { call } }) => ring(call));
 * await client.connect();
 * const call = client.call("bob");
 * call.addEventListener("remotestream", ({ detail: { stream } }) => (video.srcObject = stream));
 * ```
 */
import { Call } from "./types/call.js";
import { Problem, TypedEventTarget } from "./types/events.js";
import { CodecPolicy, Media, MediaBitrateLimits, MediaRequest, VideoPausePolicy } from "./types/media.js";
import { PushPayload } from "./types/push.js";
import { CallStorage, DeviceIdentity, OutboxStorage } from "./types/storage.js";

export * from "./types/call.js";
export * from "./types/events.js";
export * from "./types/media.js";
export * from "./types/push.js";
export * from "./types/storage.js";

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

/** A call of this user that goes on on another of his devices. */
export interface CallElsewhere {
    callId: string;
    /** The device that has it. */
    device: string;
    /** The user at the other end; null if this device was not told. */
    peer: string | null;
    role: "caller" | "callee";
    /** What the caller asked for, as far as this device was told. */
    media: Media | null;
}

export interface ClientEvents {
    connection: ConnectionStatus;
    /** A call that rings here, when the user should see it. */
    incoming: { call: Call };
    /** A call that this client makes, or takes over. */
    call: { call: Call };
    /**
     * A call from before the page was loaded anew still stands. Its `state` tells how: one that rings for the callee is
     * to be shown as an incoming one; in a picked-up call, media is on its way.
     */
    restored: { call: Call };
    /** A call came while this device was in one, and was told so (see `busyWhenInCall`). It has ended here. */
    busy: { call: Call };
    /** The calls that go on on other devices of this user have changed; all of them. */
    elsewhere: { calls: CallElsewhere[] };
    problem: Problem;
}

export interface ClientOptions {
    /** Of `/v1/connect`: ws or wss. */
    url: string;
    /**
     * Called for every connection, and again a minute before the token expires. May reject: it is then asked again with
     * backoff.
     */
    getToken: () => string | Promise<string>;
    /**
     * Opens camera and microphone wherever no stream is given, as after a reload.
     * Default: `navigator.mediaDevices.getUserMedia`. What it returns is the SDK's, which stops it at the end.
     */
    openMedia?: (media: Media, call: Call) => Promise<MediaStream>;
    /** Whether calls survive a reload of the page. Default true. */
    restoreCalls?: boolean;
    /**
     * Default false: another call rings while there is one, and the application decides. True: its caller is told
     * `busy` at once, and the application by the event of that name. A call of the peer of the present call always
     * rings: it is about to replace it.
     */
    busyWhenInCall?: boolean;
    codecs?: CodecPolicy;
    bitrate?: MediaBitrateLimits;
    /** False: never. Default: below 40 kbit/s. */
    videoPause?: VideoPausePolicy | false;
    /** How often calls tell their statistics, in milliseconds. Default 2 000; at least 500. */
    statisticsIntervalMs?: number;
    /** Laid over what the server says (its ICE servers). */
    rtcConfiguration?: RTCConfiguration;
    /** Default: IndexedDB, or memory where there is none. */
    storage?: OutboxStorage & Partial<CallStorage>;
    /** Default: one per tab, in sessionStorage under a Web Lock. */
    identity?: DeviceIdentity;
    /** Delays and bounds other than the defaults of `session/session-machine.js`. */
    settings?: object;
    /** For tests: what is taken from the surroundings (`environment.js`). */
    environment?: object;
}

declare const ClientTarget: new () => TypedEventTarget<ClientEvents>;

/** A device: keeps the connection, makes calls and takes them. */
export class SwitchboardClient extends ClientTarget {
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
    /** Calls of this user that go on on other devices; `takeOver` fetches one. */
    readonly elsewhere: CallElsewhere[];
    /** Connects, and from then on stays connected. Resolves when synchronised, rejects if the server wants none. */
    connect(): Promise<void>;
    /**
     * Closes the connection. With `hangUp` the calls are ended first. Otherwise they go on without signaling; after a
     * reload of the page they are restored.
     */
    close(options?: { hangUp?: boolean }): void;
    /**
     * Calls a user: all devices of that user ring. Returns at once, also without a connection: the invite waits in the
     * outbox.
     * @throws Error before `connect`
     */
    call(callee: string, media?: Partial<MediaRequest>): Call;
    /**
     * Fetches a call from another device of this user. Until media flows here, it goes on there; if that fails, the
     * call returned ends `connect_failed`, and there nothing has changed.
     * @throws Error if there is no such call elsewhere
     */
    takeOver(callId: string, media?: Partial<MediaRequest>): Call;
    /**
     * A push has come for this user: asks whether its call still stands.
     * @returns the call if it rings here (the event `incoming` tells it too), null if it is over
     */
    pushed(payload: PushPayload): Promise<Call | null>;
}

/** The message is larger than `welcome.limits` allows. */
export class MessageTooLargeError extends Error {}

/** Too many messages of one call wait for the server. */
export class OutboxFullError extends Error {}
