import { renewalDelayMs, retryDelayMs } from "./token.js";

export const SUBPROTOCOL = "switchboard.v1.json";
const TOKEN_TIMER = "token";

/**
 * The driver of a `SessionMachine`: the only place with sockets, timers, storage and chance.
 *
 * It performs actions in their order and feeds what happens back. Events of a socket that was given up are dropped
 * here, so that the machine hears of one connection at a time.
 */
export class Connection {
    #machine;
    #url;
    #getToken;
    #storage;
    #identity;
    #environment;
    #handlers;
    /** @type {WebSocket | null} */
    #socket = null;
    #timers = new Map();
    /** Sends to be stored in the next transaction: one for all that one turn of the event loop asks for. */
    #storing = [];
    /** Storage writes happen one after the other, in the order in which they were asked for. */
    #writes = Promise.resolve();
    #pending = [];
    #performing = false;
    /** Counts attempts; what an older one's promises bring is dropped. */
    #attempt = 0;

    /**
     * @param {object} options
     * @param {import("./session/session-machine.js").SessionMachine} options.machine
     * @param {string} options.url - of `/v1/connect`, ws or wss
     * @param {() => string | Promise<string>} options.getToken
     * @param {import("./index.js").OutboxStorage} options.storage
     * @param {import("./device-identity.js").DeviceIdentity} options.identity
     * @param {import("./environment.js").Environment} options.environment
     * @param {Record<string, (action: object) => void>} options.handlers - by type of action, for those that are meant
     *     for the application
     */
    constructor({ machine, url, getToken, storage, identity, environment, handlers }) {
        this.#machine = machine;
        this.#url = url;
        this.#getToken = getToken;
        this.#storage = storage;
        this.#identity = identity;
        this.#environment = environment;
        this.#handlers = handlers;
    }

    start() {
        this.#perform(this.#machine.startRequested());
    }

    stop() {
        this.#perform(this.#machine.stopRequested());
    }

    /**
     * @returns {number} the number that the message got
     * @throws {MessageTooLargeError | OutboxFullError}
     */
    send(conversation, message, { urgent = false } = {}) {
        const requestedAt = this.#environment.now();
        const { number, actions } = this.#machine.sendRequested(conversation, message, { requestedAt, urgent });
        this.#perform(actions);
        return number;
    }

    conversationEnded(conversation) {
        this.#perform(this.#machine.conversationEnded(conversation));
    }

    conversationResumed(conversation) {
        this.#perform(this.#machine.conversationResumed(conversation));
    }

    conversationPushed(conversation) {
        this.#machine.conversationPushed(conversation);
    }

    requestIceServers() {
        this.#perform(this.#machine.iceServersRequested());
    }

    /** Keeps a call for the next life of the page, before anything that is sent after this. */
    storeCall(record) {
        this.#write((storage, device) => storage.storeCall?.(device, record));
    }

    forgetCall(id) {
        this.#write((storage, device) => storage.forgetCall?.(device, id));
    }

    surroundingsChanged() {
        this.#perform(this.#machine.surroundingsChanged());
    }

    // ---------------------------------------------------------------------------------------------- actions

    /**
     * Handlers may call back into this object: what that asks for waits its turn, so that actions never overtake.
     */
    #perform(actions) {
        this.#pending.push(...actions);
        if (this.#performing) return;
        this.#performing = true;
        try {
            for (let action = this.#pending.shift(); action; action = this.#pending.shift()) {
                try {
                    this.#performOne(action);
                } catch (error) {
                    // A defect in a handler must not tear the queues: report it as an uncaught error would be.
                    queueMicrotask(() => {
                        throw error;
                    });
                }
            }
        } finally {
            this.#performing = false;
        }
    }

    #performOne(action) {
        switch (action.type) {
            case "openSocket":
                return void this.#openSocket(action);
            case "closeSocket":
                return this.#closeSocket(action);
            case "transmit":
                return this.#transmit(action);
            case "setTimer":
                return this.#setTimer(action);
            case "clearTimer":
                return this.#clearTimer(action.timer);
            case "store":
                return this.#store(action);
            case "removeStored":
                return this.#write((storage, device) =>
                    storage.removeSends(device, action.conversation, action.through));
            case "storeCursor":
                return this.#write((storage, device) =>
                    storage.storeCursor(device, action.conversation, action.received, action.nextNumber));
            case "forget":
                return this.#write((storage, device) => storage.forget(device, action.conversation));
            default:
                return this.#handlers[action.type]?.(action);
        }
    }

    async #openSocket({ connection }) {
        this.#identity.connectionUsed(connection);
        this.#attempt += 1;
        const attempt = this.#attempt;
        const isCurrent = () => attempt === this.#attempt;
        // Fetched while the socket opens: neither waits for the other.
        const token = Promise.resolve()
            .then(() => this.#getToken())
            .then((value) => ({ value }), (error) => ({ error }));
        let failure = "connectFailed";
        try {
            const socket = await this.#connect(isCurrent);
            const { value, error } = await token;
            if (!isCurrent() || this.#socket !== socket) return;
            failure = "tokenFailed";
            if (error) throw error;
            this.#perform(this.#machine.socketOpened(value));
            this.#renewToken(value);
        } catch (error) {
            if (!isCurrent()) return;
            this.#handlers[failure]?.({ error });
            this.#discardSocket();
            this.#perform(this.#machine.socketClosed());
        }
    }

    /** Resolves when the socket is open, rejects if it closes before; from then on the machine hears of its end. */
    #connect(isCurrent) {
        return new Promise((resolve, reject) => {
            const socket = new this.#environment.WebSocket(this.#url, [SUBPROTOCOL]);
            this.#socket = socket;
            let open = false;
            socket.onopen = () => {
                open = true;
                resolve(socket);
            };
            socket.onmessage = ({ data }) => {
                if (isCurrent()) this.#frameArrived(data);
            };
            socket.onclose = ({ code }) => {
                if (!isCurrent()) return;
                this.#socket = null;
                if (!open) return reject(new Error(`The socket could not be opened (${code}).`));
                this.#attempt += 1;
                this.#perform(this.#machine.socketClosed(code));
            };
        });
    }

    #frameArrived(data) {
        let frame;
        try {
            frame = JSON.parse(data);
        } catch {
            // Not a frame of this subprotocol: there is nothing in it to act on.
            return;
        }
        this.#perform(this.#machine.frameReceived(frame));
    }

    #transmit({ frame, requestedAt }) {
        if (this.#socket?.readyState !== 1) return;
        this.#socket.send(JSON.stringify(this.#withAge(frame, requestedAt)));
    }

    /** An invite tells how old it is each time it leaves; all else is sent as it was stored. */
    #withAge(frame, requestedAt) {
        if (!frame.send?.message.invite || requestedAt === undefined) return frame;
        const ageMs = Math.max(0, this.#environment.now() - requestedAt);
        const message = { invite: { ...frame.send.message.invite, ageMs } };
        return { send: { ...frame.send, message } };
    }

    #closeSocket({ code, reason }) {
        this.#attempt += 1;
        this.#discardSocket(code, reason);
    }

    #discardSocket(code = 1000, reason = "") {
        const socket = this.#socket;
        this.#socket = null;
        this.#clearTimer(TOKEN_TIMER);
        if (!socket) return;
        socket.onopen = socket.onmessage = socket.onclose = null;
        socket.close(code, reason);
    }

    #setTimer({ timer, ms, jitter }) {
        this.#clearTimer(timer);
        const delay = jitter ? this.#environment.random() * ms : ms;
        const handle = this.#environment.setTimeout(() => {
            this.#timers.delete(timer);
            this.#perform(this.#machine.timerFired(timer));
        }, delay);
        this.#timers.set(timer, handle);
    }

    #clearTimer(timer) {
        this.#environment.clearTimeout(this.#timers.get(timer));
        this.#timers.delete(timer);
    }

    /** @param {string} token - in use */
    #renewToken(token) {
        const delay = renewalDelayMs(token, Date.now());
        if (delay !== null) this.#renewTokenAfter(delay, token);
    }

    #renewTokenAfter(delay, token) {
        this.#clearTimer(TOKEN_TIMER);
        const attempt = this.#attempt;
        const handle = this.#environment.setTimeout(async () => {
            try {
                const renewed = await this.#getToken();
                if (attempt !== this.#attempt) return;
                this.#perform(this.#machine.tokenRefreshed(renewed));
                this.#renewToken(renewed);
            } catch (error) {
                if (attempt !== this.#attempt) return;
                this.#handlers.tokenFailed?.({ error });
                // Again while the present one is good; then the server closes, and the next connection asks.
                const patience = retryDelayMs(token, Date.now());
                if (patience !== null) this.#renewTokenAfter(patience, token);
            }
        }, delay);
        this.#timers.set(TOKEN_TIMER, handle);
    }

    // ---------------------------------------------------------------------------------------------- storage

    #store(action) {
        this.#storing.push(action);
        if (this.#storing.length > 1) return;
        queueMicrotask(() => {
            const sends = this.#storing;
            this.#storing = [];
            this.#write((storage, device) => storage.storeSends(device, sends)).then(() => {
                for (const { conversation, entry } of sends) {
                    this.#perform(this.#machine.sendStored(conversation, entry.number));
                }
            });
        });
    }

    /** A write that fails is reported and otherwise counts as done: better a call without a net than none. */
    #write(work) {
        this.#writes = this.#writes
            .then(() => work(this.#storage, this.#identity.device))
            .catch((error) => this.#handlers.storageFailed?.({ error }));
        return this.#writes;
    }
}
