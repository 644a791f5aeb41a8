import { Call } from "./call/call.js";
import { Connection } from "./connection.js";
import { DeviceIdentity } from "./device-identity.js";
import { browserEnvironment } from "./environment.js";
import { DetailEvent } from "./events.js";
import { randomUUID } from "./identifiers.js";
import { Phase } from "./session/actions.js";
import { SessionMachine } from "./session/session-machine.js";
import { openStorage } from "./storage/open-storage.js";

/** Calls that are over are kept for a while to recognise what comes late; more than this many are not. */
const ENDED_CALLS_KEPT = 64;

/**
 * A device of Switchboard: keeps the connection, makes calls and takes them. Its types and events are in `index.d.ts`.
 */
export class SwitchboardClient extends EventTarget {
    #options;
    #environment;
    /** @type {Connection | null} */
    #connection = null;
    #identity = null;
    /** @type {Promise<void> | null} */
    #loading = null;
    #phase = Phase.idle;
    #phaseDetails = {};
    #welcome = {};
    /** @type {Map<string, Call>} */
    #calls = new Map();
    /** Incoming calls not shown yet: until the synchronisation is complete, they may be over already. */
    #unshown = new Set();
    #surroundings = null;

    /** @param {import("./index.js").ClientOptions} options */
    constructor(options) {
        super();
        this.#options = options;
        this.#environment = { ...browserEnvironment(), ...options.environment };
    }

    get user() {
        return this.#welcome.user ?? null;
    }

    /** Name of the node that holds the connection. */
    get node() {
        return this.#welcome.node ?? null;
    }

    get device() {
        return this.#identity?.device ?? null;
    }

    /** @returns {import("./index.js").ConnectionStatus} */
    get connection() {
        const states = { idle: "idle", ready: "connected", stopped: "stopped" };
        const first = this.#welcome.node === undefined ? "connecting" : "reconnecting";
        return { state: states[this.#phase] ?? first, node: this.node, ...this.#phaseDetails };
    }

    /** @returns {Call[]} that have not ended */
    get calls() {
        return [...this.#calls.values()].filter((call) => call.state !== "ended");
    }

    /** @returns {import("./index.js").CallElsewhere[]} calls of this user on other devices */
    get elsewhere() {
        return [];
    }

    /**
     * Connects, and from then on stays connected.
     * @returns {Promise<void>} when synchronised for the first time; rejects if the server wants no connection
     */
    async connect() {
        this.#loading ??= this.#load();
        await this.#loading;
        this.#watchSurroundings();
        if (this.#phase === Phase.ready) return;
        const outcome = new Promise((resolve, reject) => {
            const listener = ({ detail }) => {
                if (detail.state !== "connected" && detail.state !== "stopped") return;
                this.removeEventListener("connection", listener);
                if (detail.state === "connected") resolve();
                else reject(new Error(`The connection was refused: ${detail.reason}.`));
            };
            this.addEventListener("connection", listener);
        });
        this.#connection.start();
        await outcome;
    }

    /**
     * Closes the connection. Calls go on without it, unless `hangUp` ends them first (what a page does that is left).
     * @param {{ hangUp?: boolean }} [options]
     */
    close({ hangUp = false } = {}) {
        if (hangUp) for (const call of this.calls) call.hangup("hangup", { urgent: true });
        this.#connection?.stop();
        this.#surroundings?.abort();
        this.#surroundings = null;
    }

    /**
     * Calls a user; all devices of that user ring.
     * @param {string} callee
     * @param {import("./index.js").MediaRequest} [media]
     * @returns {Call} at once: what happens to it, its events tell
     */
    call(callee, { audio = true, video = true, stream } = {}) {
        if (!this.#connection) throw new Error("Call connect() first: the device has no identity yet.");
        const call = this.#createCall(randomUUID(), "caller", callee, { audio, video });
        this.dispatchEvent(new DetailEvent("call", { call }));
        call.start({ audio, video, stream });
        return call;
    }

    // ---------------------------------------------------------------------------------------------- start

    async #load() {
        const { identity, storage } = this.#options;
        this.#identity = identity ?? (await DeviceIdentity.claim());
        const opened = storage ?? (await openStorage());
        let stored = await opened.load(this.#identity.device);
        if (!stored) {
            stored = { outbox: randomUUID(), conversations: [] };
            await opened.create(this.#identity.device, stored.outbox);
        }
        const machine = new SessionMachine({
            device: this.#identity.device,
            connection: this.#identity.connection,
            outbox: stored.outbox,
            // Without cursors: a page that was loaded anew wants to know how its calls stand, not what led there.
            conversations: stored.conversations.map((conversation) => ({ ...conversation, received: undefined })),
            settings: this.#options.settings,
        });
        this.#connection = new Connection({
            machine,
            url: this.#options.url,
            getToken: this.#options.getToken,
            storage: opened,
            identity: this.#identity,
            environment: this.#environment,
            handlers: this.#handlers(),
        });
        for (const { id, messages } of machine.restoredOutboxes()) this.#abandonRestored(id, messages);
    }

    /** The call belongs to a page that is gone, with its media: it must not ring, nor go on in silence. */
    #abandonRestored(id, messages) {
        const ending = messages.some(({ cancel, reject, hangup }) => cancel || reject || hangup);
        if (ending) return;
        const invited = messages.some(({ invite }) => invite);
        this.#connection.send(id, invited ? { cancel: {} } : { hangup: { reason: "media_lost" } });
    }

    #watchSurroundings() {
        const { window, document } = globalThis;
        if (this.#surroundings || !window?.addEventListener || !document) return;
        this.#surroundings = new AbortController();
        const { signal } = this.#surroundings;
        window.addEventListener("online", () => this.#connection.surroundingsChanged(), { signal });
        document.addEventListener(
            "visibilitychange",
            () => document.visibilityState === "visible" && this.#connection.surroundingsChanged(),
            { signal },
        );
    }

    // ---------------------------------------------------------------------------------------------- the connection

    #handlers() {
        return {
            phaseChanged: (action) => this.#phaseChanged(action),
            welcomed: ({ welcome }) => {
                this.#welcome = welcome;
            },
            synchronised: () => this.#showCalls(),
            deliver: ({ deliver }) => this.#delivered(deliver),
            snapshot: ({ snapshot }) => this.#snapshotReceived(snapshot),
            accepted: ({ conversation, messages }) => this.#calls.get(conversation)?.accepted(messages),
            refused: (action) => this.#calls.get(action.conversation)?.refused(action),
            conversationUnknown: ({ conversation }) => this.#calls.get(conversation)?.unknown(),
            connectionError: ({ name, advice }) => this.#report(name, advice),
            connectFailed: ({ error }) => this.#report("connect_failed", error.message),
            storageFailed: ({ error }) => this.#report("storage_failed", error.message),
        };
    }

    #phaseChanged({ phase, reason, retryInMs }) {
        this.#phase = phase;
        this.#phaseDetails = {};
        if (reason !== undefined) this.#phaseDetails.reason = reason;
        if (retryInMs !== undefined) this.#phaseDetails.retryInMs = retryInMs;
        this.dispatchEvent(new DetailEvent("connection", this.connection));
    }

    #report(name, message) {
        this.dispatchEvent(new DetailEvent("problem", { name, message }));
    }

    // ---------------------------------------------------------------------------------------------- calls

    #delivered({ conversation, message = {} }) {
        if (message.invite && !this.#calls.has(conversation)) {
            const { caller, media } = message.invite;
            this.#createCall(conversation, "callee", caller, media);
            this.#unshown.add(conversation);
        }
        const call = this.#calls.get(conversation);
        call?.messageReceived(message);
        // The end of a call that this page knows nothing of: there is nothing more to keep for it.
        if (!call && message.ended) this.#connection.conversationEnded(conversation);
        if (this.#phase === Phase.ready) this.#showCalls();
    }

    #snapshotReceived(snapshot) {
        const { conversation, state, role, leg } = snapshot;
        const call = this.#calls.get(conversation);
        if (call) return call.snapshotReceived(snapshot);
        if (state === "ended") return this.#connection.conversationEnded(conversation);
        const mine = role === "caller" ? snapshot.callerDevice === this.device : leg === "selected";
        // A call of this device whose page is gone, and its media with it. (One that rings is delivered anew.)
        if (mine) this.#abandonRestored(conversation, role === "caller" && state === "ringing" ? [{ invite: {} }] : []);
        return undefined;
    }

    #showCalls() {
        for (const id of this.#unshown) {
            const call = this.#calls.get(id);
            if (!call || call.state === "ended") continue;
            call.shown();
            this.dispatchEvent(new DetailEvent("incoming", { call }));
        }
        this.#unshown.clear();
    }

    #createCall(id, role, peer, media) {
        const call = new Call({
            id,
            role,
            peer,
            media,
            environment: this.#environment,
            link: {
                send: (message, options) => this.#connection.send(id, message, options),
                configuration: () => this.#rtcConfiguration(),
                ended: () => this.#callEnded(id),
            },
        });
        this.#calls.set(id, call);
        return call;
    }

    #callEnded(id) {
        this.#connection.conversationEnded(id);
        const ended = [...this.#calls.values()].filter((call) => call.state === "ended");
        for (const call of ended.slice(0, Math.max(0, ended.length - ENDED_CALLS_KEPT))) this.#calls.delete(call.id);
    }

    #rtcConfiguration() {
        const iceServers = (this.#welcome.iceServers ?? []).map(({ urls, username, credential }) =>
            username ? { urls, username, credential } : { urls });
        return { iceServers, ...this.#options.rtcConfiguration };
    }
}
