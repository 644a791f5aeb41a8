/** An event that carries a value in `detail`. */
export interface DetailEvent<Detail> extends Event {
    readonly detail: Detail;
}

/** An `EventTarget` whose events are known by name. */
export interface TypedEventTarget<Events> extends EventTarget {
    addEventListener<Type extends keyof Events & string>(
        type: Type,
        listener: (event: DetailEvent<Events[Type]>) => void,
        options?: AddEventListenerOptions | boolean,
    ): void;
    addEventListener(
        type: string,
        listener: EventListenerOrEventListenerObject | null,
        options?: AddEventListenerOptions | boolean,
    ): void;
    removeEventListener<Type extends keyof Events & string>(
        type: Type,
        listener: (event: DetailEvent<Events[Type]>) => void,
        options?: EventListenerOptions | boolean,
    ): void;
    removeEventListener(
        type: string,
        listener: EventListenerOrEventListenerObject | null,
        options?: EventListenerOptions | boolean,
    ): void;
}

/** Something went wrong that ends nothing by itself; for the user's information, or a log. */
export interface Problem {
    /**
     * A stable error name of the protocol, one of `ProblemName`, or the browser's name of the error (as
     * `NotAllowedError`, if the user refused the camera).
     */
    name: ProblemName | (string & {});
    /** For people who look into it. */
    message: string;
    /**
     * With calls: what failed. `media` (camera, microphone, screen), `negotiation`, `security`, `statistics`, or the
     * kind of message that the server refused.
     */
    kind?: string;
}

/** The names of the SDK's own problems. */
export type ProblemName =
    /** No socket could be opened; it is tried again. */
    | "connect_failed"
    /** `getToken` rejected; it is asked again. */
    | "token_failed"
    /** Outbox or call state could not be stored: what happens now would not survive a reload. */
    | "storage_failed"
    /** The peer, or somebody between, does not keep what was promised in the security exchange. */
    | "security_mismatch"
    /** A description names a certificate other than the one in use, or than the one that the code was made of. */
    | "security_fingerprint"
    /** There is no WebCrypto (a page without https), hence no security code. */
    | "security_unavailable";
