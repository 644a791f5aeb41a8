import { Phase } from "./actions.js";
import { Backoff } from "./backoff.js";
import { CloseCode, stopReason } from "./close-codes.js";
import { ACK_TIMER, ConversationQueues, RETRY_TIMER } from "./conversation-queues.js";

/** @typedef {import("./actions.js").Action} Action */

/** Bounds and delays; all times in milliseconds. */
export const defaultSettings = Object.freeze({
    /** From the start of an attempt to its `welcome`. */
    greetingTimeoutMs: 10_000,
    /** From a `ping` to the first sign of life. */
    pongTimeoutMs: 5_000,
    /** Silence after which a `ping` is sent while something waits for acceptance. */
    impatienceMs: 5_000,
    /** Without `welcome.pingIntervalMs`. */
    pingIntervalMs: 25_000,
    reconnectFirstMs: 500,
    reconnectMaximumMs: 30_000,
    /** A connection that lasted this long clears the count of failures. */
    stableAfterMs: 10_000,
    /** Of a message that was refused for a while. */
    retryFirstMs: 100,
    retryMaximumMs: 5_000,
    ackDelayMs: 50,
    ackAfterDeliveries: 16,
    /** Unaccepted messages kept per conversation; more are refused to the application. */
    maxWaitingMessages: 1_024,
    /** Ended conversations remembered, to recognise late deliveries. */
    endedKept: 64,
    /** Until `welcome.limits` says otherwise. */
    limits: Object.freeze({ maxMessageBytes: 65_536, maxConversations: 32, maxOutboxMessages: 64 }),
});

/**
 * The client's half of the protocol: connect, greet, resend, acknowledge, keep alive, reconnect, resume.
 *
 * Pure: no sockets, no clock, no randomness. Inputs are methods named after what happened, and each returns the actions
 * that the driver performs, in their order (see `actions.js`). Three kinds of wrong input are told apart: what only a
 * broken server does ends the connection and makes another; what comes late but lawfully is dropped; frames and fields
 * that this version does not know are ignored.
 */
export class SessionMachine {
    /** @type {import("./actions.js").Phase} */
    phase = Phase.idle;

    #device;
    #outbox;
    #connection;
    #settings;
    #queues;
    #reconnect;
    #failures = 0;
    #pingIntervalMs;
    /** A `ping` is on its way, and nothing has come since. */
    #awaitsPong = false;
    /** The timer `impatience` runs. */
    #impatient = false;
    /** Set while the server has said when to come back; backoff and signs of a better network do not override it. */
    #appointment = false;
    /** @type {number | undefined} what the server asked to wait before the next connection */
    #retryAfterMs;
    /** @type {string | undefined} name of the last error about the connection, to explain why it was closed */
    #lastError;

    /**
     * @param {object} options
     * @param {string} options.device
     * @param {string} options.outbox - random; another one whenever the stored outbox was not found
     * @param {number} [options.connection] - the last connection number that this device used
     * @param {object[]} [options.conversations] - what storage holds: id, nextNumber, received, sends
     * @param {Partial<typeof defaultSettings>} [options.settings]
     */
    constructor({ device, outbox, connection = 0, conversations = [], settings = {} }) {
        this.#device = device;
        this.#outbox = outbox;
        this.#connection = connection;
        this.#settings = { ...defaultSettings, ...settings };
        this.#queues = new ConversationQueues(this.#settings, conversations);
        this.#pingIntervalMs = this.#settings.pingIntervalMs;
        const { reconnectFirstMs: firstMs, reconnectMaximumMs: maximumMs } = this.#settings;
        this.#reconnect = new Backoff({ firstMs, maximumMs, atOnce: true });
    }

    /** What was left to send by an earlier life of this device. */
    restoredOutboxes() {
        return this.#queues.restoredOutboxes();
    }

    // -------------------------------------------------------------------------------------------- the application

    /** @returns {Action[]} */
    startRequested() {
        if (this.phase !== Phase.idle && this.phase !== Phase.stopped) return [];
        this.#failures = 0;
        this.#lastError = undefined;
        return this.#open();
    }

    /** @returns {Action[]} */
    stopRequested() {
        if (this.phase === Phase.idle || this.phase === Phase.stopped) return [];
        const acknowledgements = this.#isConnected ? this.#queues.acknowledgementsDue() : [];
        return [...acknowledgements, ...this.#stop("closed", CloseCode.normal)];
    }

    /**
     * Gives a message its number and keeps it until the server has accepted it, over any number of connections.
     * @param {string} conversation
     * @param {object} message - of the wire schema
     * @param {{ requestedAt?: number, urgent?: boolean }} [options] - `urgent`: the page is about to go away
     * @returns {{ number: number, actions: Action[] }}
     * @throws {MessageTooLargeError | OutboxFullError}
     */
    sendRequested(conversation, message, { requestedAt = 0, urgent = false } = {}) {
        const { number, actions } = this.#queues.append(conversation, message, requestedAt, urgent);
        return { number, actions: [...actions, ...this.#watchAcceptance()] };
    }

    /** @returns {Action[]} */
    sendStored(conversation, number) {
        return this.#queues.stored(conversation, number);
    }

    /** @returns {Action[]} */
    conversationEnded(conversation) {
        return this.#queues.ended(conversation);
    }

    /**
     * More is expected of a conversation that had ended for this device.
     * @returns {Action[]}
     */
    conversationResumed(conversation) {
        return this.#queues.resumed(conversation);
    }

    /** A push has told of this conversation; `hello` names it, so that the server says what has become of it. */
    conversationPushed(conversation) {
        this.#queues.pushed(conversation);
    }

    /**
     * Asks for fresh ICE servers; without a connection, the next `welcome` brings them.
     * @returns {Action[]}
     */
    iceServersRequested() {
        return this.#isConnected ? [{ type: "transmit", frame: { iceServers: {} } }] : [];
    }

    // -------------------------------------------------------------------------------------------- the socket

    /**
     * The socket is open and a token is at hand.
     * @param {string} token
     * @returns {Action[]}
     */
    socketOpened(token) {
        if (this.phase !== Phase.opening) return [];
        const hello = { token, device: this.#device, connection: this.#connection, outbox: this.#outbox };
        const conversations = this.#queues.cursors();
        if (conversations.length > 0) hello.conversations = conversations;
        return [this.#enter(Phase.greeting), { type: "transmit", frame: { hello } }];
    }

    /** @returns {Action[]} */
    tokenRefreshed(token) {
        return this.#isConnected ? [{ type: "transmit", frame: { refresh: { token } } }] : [];
    }

    /**
     * The socket is closed, or could not be opened, or no token was to be had (then without a code).
     * @param {number} [code] - of RFC 6455 §7.4
     * @returns {Action[]}
     */
    socketClosed(code = 1006) {
        if (this.phase === Phase.idle || this.phase === Phase.stopped || this.phase === Phase.waiting) return [];
        const reason = stopReason(code);
        if (reason) return this.#stop(this.#lastError ?? reason);
        return this.#lose(this.#lastError ?? `closed_${code}`);
    }

    /**
     * @param {object} frame - a decoded ServerFrame
     * @returns {Action[]}
     */
    frameReceived(frame) {
        if (frame.error && this.phase !== Phase.waiting) return this.#signOfLife(this.#errorReceived(frame.error));
        if (this.phase === Phase.greeting) return frame.welcome ? this.#welcomed(frame.welcome) : [];
        if (!this.#isConnected) return [];
        return this.#signOfLife(this.#connectedFrame(frame));
    }

    // -------------------------------------------------------------------------------------- time and surroundings

    /**
     * @param {string} timer - the name under which it was set
     * @returns {Action[]}
     */
    timerFired(timer) {
        if (timer.startsWith(RETRY_TIMER)) return this.#queues.retryDue(timer.slice(RETRY_TIMER.length));
        switch (timer) {
            case ACK_TIMER:
                return this.#isConnected ? this.#queues.acknowledgementsDue() : [];
            case "idle":
                return this.#isConnected ? this.#probe() : [];
            case "pong":
                return this.#isConnected ? this.#abandon("ping_timeout") : [];
            case "impatience":
                this.#impatient = false;
                if (!this.#isConnected || !this.#queues.waits) return [];
                return [...this.#probe(), ...this.#watchAcceptance()];
            case "greeting":
                return this.#abandon("no_welcome");
            case "stable":
                this.#failures = 0;
                return [];
            case "reconnect":
                return this.#reconnectDue();
            default:
                return [];
        }
    }

    /** The network came back, or the page became visible: what was assumed about the connection is in doubt. */
    surroundingsChanged() {
        if (this.#isConnected) return this.#probe();
        if (this.phase === Phase.waiting && !this.#appointment) {
            return [{ type: "clearTimer", timer: "reconnect" }, ...this.#open()];
        }
        return [];
    }

    // -------------------------------------------------------------------------------------------- inside

    get #isConnected() {
        return this.phase === Phase.synchronising || this.phase === Phase.ready;
    }

    #enter(phase, details = {}) {
        this.phase = phase;
        return { type: "phaseChanged", phase, ...details };
    }

    #open() {
        this.#connection += 1;
        this.#appointment = false;
        return [
            this.#enter(Phase.opening),
            { type: "setTimer", timer: "greeting", ms: this.#settings.greetingTimeoutMs },
            { type: "openSocket", connection: this.#connection },
        ];
    }

    #welcomed(welcome) {
        this.#pingIntervalMs = welcome.pingIntervalMs || this.#settings.pingIntervalMs;
        this.#lastError = undefined;
        this.#awaitsPong = false;
        return [
            { type: "clearTimer", timer: "greeting" },
            this.#enter(Phase.synchronising),
            { type: "setTimer", timer: "stable", ms: this.#settings.stableAfterMs },
            { type: "welcomed", welcome },
            ...(welcome.conversations ?? []).flatMap((accepted) => this.#queues.accepted(accepted)),
            ...this.#queues.welcomed(welcome.limits),
            { type: "setTimer", timer: "idle", ms: this.#pingIntervalMs },
            ...this.#watchAcceptance(),
        ];
    }

    #connectedFrame(frame) {
        if (frame.deliver) return this.#queues.delivered(frame.deliver) ?? this.#abandon("delivery_gap");
        if (frame.accepted) return this.#queues.accepted(frame.accepted);
        if (frame.snapshot) return this.#queues.snapshotReceived(frame.snapshot);
        if (frame.syncComplete) return this.#synchronised(frame.syncComplete);
        if (frame.goAway) return this.#goAway(frame.goAway);
        if (frame.iceServers) return [{ type: "iceServers", iceServers: frame.iceServers.iceServers ?? [] }];
        return [];
    }

    #synchronised({ missing = [] }) {
        if (this.phase !== Phase.synchronising) return [];
        return [
            this.#enter(Phase.ready),
            { type: "synchronised", missing },
            ...this.#queues.synchronised(missing),
        ];
    }

    #errorReceived(error) {
        if (error.conversation && error.name !== "superseded") return this.#queues.refused(error);
        this.#lastError = error.name;
        if (error.retryAfterMs > 0) this.#retryAfterMs = error.retryAfterMs;
        const actions = [{ type: "connectionError", name: error.name, advice: error.message ?? "" }];
        // Another life of this device has taken over with an outbox of its own: this one can send nothing any more.
        if (error.name === "superseded") actions.push(...this.#stop("replaced", CloseCode.normal));
        return actions;
    }

    #goAway({ reconnectAfterMs = 0 }) {
        this.#appointment = true;
        return [{ type: "setTimer", timer: "reconnect", ms: reconnectAfterMs }];
    }

    /** Any frame proves that the connection lives. */
    #signOfLife(actions) {
        if (!this.#isConnected) return actions;
        this.#awaitsPong = false;
        this.#impatient = false;
        return [
            ...actions,
            { type: "clearTimer", timer: "pong" },
            { type: "setTimer", timer: "idle", ms: this.#pingIntervalMs },
            ...(this.#queues.waits ? this.#watchAcceptance() : [{ type: "clearTimer", timer: "impatience" }]),
        ];
    }

    /** Somebody waits: a server that stopped dead is noticed sooner. */
    #watchAcceptance() {
        if (this.#impatient || !this.#isConnected || !this.#queues.waits) return [];
        this.#impatient = true;
        return [{ type: "setTimer", timer: "impatience", ms: this.#settings.impatienceMs }];
    }

    #probe() {
        if (this.#awaitsPong) return [];
        this.#awaitsPong = true;
        return [
            { type: "transmit", frame: { ping: {} } },
            { type: "clearTimer", timer: "idle" },
            { type: "setTimer", timer: "pong", ms: this.#settings.pongTimeoutMs },
        ];
    }

    #reconnectDue() {
        if (this.phase === Phase.waiting) return this.#open();
        if (!this.#isConnected) return [];
        // The appointment of a `go_away`: this connection served until now.
        return [
            ...this.#queues.acknowledgementsDue(),
            ...this.#disconnect(),
            { type: "closeSocket", code: CloseCode.normal, reason: "go_away" },
            ...this.#open(),
        ];
    }

    /** Gives up a connection without waiting for its close, which on a dead network may never come. */
    #abandon(reason) {
        return [{ type: "closeSocket", code: CloseCode.abandoned, reason }, ...this.#lose(reason)];
    }

    #lose(reason) {
        const actions = this.#disconnect();
        if (this.#appointment) return [...actions, this.#enter(Phase.waiting, { reason: "go_away" })];
        const failures = this.#failures;
        this.#failures += 1;
        let timer = { type: "setTimer", timer: "reconnect", ms: this.#reconnect.ceilingMs(failures), jitter: true };
        if (this.#retryAfterMs !== undefined) {
            timer = { type: "setTimer", timer: "reconnect", ms: this.#retryAfterMs };
            this.#retryAfterMs = undefined;
            this.#appointment = true;
        }
        return [...actions, this.#enter(Phase.waiting, { reason, retryInMs: timer.ms }), timer];
    }

    #disconnect() {
        this.#impatient = false;
        return [
            ...["greeting", "idle", "pong", "impatience", "stable"].map((timer) => ({ type: "clearTimer", timer })),
            ...this.#queues.disconnected(),
        ];
    }

    #stop(reason, closeCode) {
        const actions = [...this.#disconnect(), { type: "clearTimer", timer: "reconnect" }];
        if (closeCode !== undefined) actions.push({ type: "closeSocket", code: closeCode, reason });
        this.#appointment = false;
        return [...actions, this.#enter(Phase.stopped, { reason })];
    }
}
