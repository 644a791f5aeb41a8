import { CallInputs } from "../call/call-inputs.js";
import { readableRecords } from "../call/call-record.js";
import { randomUUID } from "../identifiers.js";

/** Calls that are over are kept for a while to recognise what comes late; more than this many are not. */
const ENDED_CALLS_KEPT = 64;

/** Reasons of an end that speak of a device's attempt to fetch a call, which goes on where it is. */
const attemptEnds = new Set(["connect_failed", "cancelled"]);

/**
 * @typedef {object} RegistryHooks - to the client
 * @property {(id: string, message: object, options?: object) => number} send
 * @property {(id: string) => void} conversationEnded - nothing is expected of it any more
 * @property {(record: import("../call/call-record.js").CallRecord) => void} store
 * @property {(id: string) => void} forget
 * @property {(call: import("../call/call.js").Call, media: object) => Promise<MediaStream>} openMedia
 * @property {() => RTCConfiguration} configuration
 * @property {() => Promise<void>} freshIceServers
 * @property {() => import("../media/sending-policy.js").SendingPolicy} sendingPolicy
 * @property {() => boolean} isSynchronised
 * @property {(type: string, detail: object) => void} emit
 */

/**
 * The calls of this device: which conversation belongs to which, when one is shown to the user, and what becomes of two
 * calls between the same people.
 */
export class CallRegistry {
    /** @type {Map<string, CallInputs>} by the present id; the older ones first */
    #calls = new Map();
    /** Incoming calls that are not shown yet: they may be over already, or be the other half of a return call. */
    #unshown = new Set();
    /** Restored calls of which the application was not told yet. */
    #untold = new Set();
    #environment;
    #quality;
    #busyWhenInCall;
    #elsewhere;
    /** @type {RegistryHooks} */
    #hooks;

    /**
     * @param {object} options
     * @param {import("../environment.js").Environment} options.environment
     * @param {object} options.quality - of every call; see `CallQuality`
     * @param {boolean} options.busyWhenInCall
     * @param {import("./elsewhere.js").Elsewhere} options.elsewhere
     * @param {RegistryHooks} options.hooks
     */
    constructor({ environment, quality, busyWhenInCall, elsewhere, hooks }) {
        this.#environment = environment;
        this.#quality = quality;
        this.#busyWhenInCall = busyWhenInCall;
        this.#elsewhere = elsewhere;
        this.#hooks = hooks;
    }

    /** @returns {import("../call/call.js").Call[]} that have not ended */
    get live() {
        return this.#live.map(({ call }) => call);
    }

    /** @returns {import("../call/call.js").Call | null | undefined} null if it has ended, undefined if there is none */
    find(id) {
        const inputs = this.#calls.get(id);
        if (!inputs) return undefined;
        return inputs.ended ? null : inputs.call;
    }

    /** What is known of a call, for when it goes on elsewhere. */
    describe(id) {
        const inputs = this.#calls.get(id);
        if (!inputs) return {};
        const { peer, role, media } = inputs.call;
        return { peer: peer || undefined, role, media, session: inputs.highestSession };
    }

    // ------------------------------------------------------------------------------------------- the application

    /** @param {import("../call/local-media.js").MediaRequest} request */
    place(callee, { audio, video, stream }) {
        const inputs = this.#create({ id: randomUUID(), role: "caller", peer: callee, media: { audio, video } });
        this.#hooks.emit("call", { call: inputs.call });
        inputs.start({ audio, video, stream });
        return inputs.call;
    }

    /**
     * @param {string} id
     * @param {import("../call/local-media.js").MediaRequest} request
     */
    takeOver(id, request) {
        const entry = this.#elsewhere.get(id);
        if (!entry) throw new Error("There is no such call on another device: look at `elsewhere`.");
        if (this.find(id)) throw new Error("This device has the call, or is about to get it.");
        const { role, peer, session, media } = entry;
        const state = CallInputs.takingOverState(role);
        const inputs = this.#create({ id, role, peer: peer ?? "", media: media ?? request, state });
        this.#hooks.emit("call", { call: inputs.call });
        inputs.takeOver(request, session);
        return inputs.call;
    }

    /**
     * @param {object[]} stored - what an earlier life of the page has left
     * @param {Set<string>} unsent - of calls of which the server has not heard yet
     */
    restore(stored, unsent) {
        for (const record of readableRecords(stored)) {
            const inputs = this.#register((link) =>
                CallInputs.restore(record, { environment: this.#environment, quality: this.#quality, link }));
            inputs.heardOf = unsent.has(record.id);
            this.#untold.add(inputs);
        }
    }

    /** There is a connection: restored calls go on. */
    resume() {
        for (const inputs of this.#untold) inputs.resume();
    }

    // ------------------------------------------------------------------------------------------- the server

    /** @param {object} deliver - the wire's */
    delivered({ conversation, device, message = {} }) {
        if (message.invite && !this.#calls.has(conversation)) {
            const { caller, media } = message.invite;
            this.#unshown.add(this.#create({ id: conversation, role: "callee", peer: caller, media }));
        }
        const inputs = this.#calls.get(conversation);
        // The whole call is over, and not only the attempt to fetch it.
        const isOver = message.ended && !attemptEnds.has(message.ended.reason);
        if (isOver && inputs?.takingOver) this.#elsewhere.over(conversation);
        if (message.glare) this.#glare(inputs, message.glare);
        else inputs?.messageReceived(message, { device });
        if (inputs?.selected) this.#elsewhere.over(inputs.id);
        // The end of a call that this page knows nothing of: there is nothing more to keep for it.
        if (!inputs && message.ended) this.#hooks.conversationEnded(conversation);
        this.show();
    }

    /**
     * @param {object} snapshot - the wire's
     * @returns {boolean} false if this page knows nothing of the call
     */
    snapshotReceived(snapshot) {
        const inputs = this.#calls.get(snapshot.conversation);
        inputs?.snapshotReceived(snapshot);
        if (inputs) this.show();
        return inputs !== undefined;
    }

    /** @param {string[]} missing - conversations of which the server could not tell yet */
    synchronised(missing) {
        for (const inputs of this.#untold) {
            if (!inputs.heardOf && !missing.includes(inputs.id)) inputs.lost();
        }
        this.show();
    }

    accepted(id, messages) {
        this.#calls.get(id)?.accepted(messages);
    }

    refused(id, refusal) {
        this.#calls.get(id)?.refused(refusal);
    }

    unknown(id) {
        this.#calls.get(id)?.unknown();
    }

    // ------------------------------------------------------------------------------------------- the surroundings

    networkChanged() {
        for (const inputs of this.#live) inputs.networkChanged();
    }

    iceServersChanged(list) {
        for (const inputs of this.#live) inputs.iceServersChanged(list);
    }

    /** Shows what can be shown now. */
    show() {
        if (!this.#hooks.isSynchronised()) return;
        for (const inputs of [...this.#untold].filter((each) => each.heardOf)) {
            this.#untold.delete(inputs);
            if (inputs.ended) continue;
            this.#hooks.emit("restored", { call: inputs.call });
            inputs.shown();
        }
        for (const inputs of [...this.#unshown]) this.#showIncoming(inputs);
    }

    // ------------------------------------------------------------------------------------------- inside

    get #live() {
        return [...this.#calls.values()].filter(({ ended }) => !ended);
    }

    #showIncoming(inputs) {
        const others = this.#live.filter((other) => other !== inputs);
        const samePeer = others.filter(({ call }) => call.peer === inputs.call.peer);
        // Both call each other: the server is about to say which call it will be.
        const isReturnCall = samePeer.some(({ call, selected }) => call.role === "caller" && !selected);
        if (isReturnCall && !inputs.ended) return;
        this.#unshown.delete(inputs);
        if (inputs.ended) return;
        if (this.#busyWhenInCall && others.length > samePeer.length) {
            inputs.call.busy();
            this.#hooks.emit("busy", { call: inputs.call });
            return;
        }
        inputs.shown();
        this.#hooks.emit("incoming", { call: inputs.call });
    }

    /** The other's call has won: ours goes on as that one. */
    #glare(inputs, { winner, media }) {
        if (!inputs || inputs.ended) return;
        const other = this.#calls.get(winner);
        if (other?.ended) return this.#callAgain(inputs);
        // Out of the table first: what ends is the object, not the conversation.
        this.#calls.delete(winner);
        this.#unshown.delete(other);
        const negotiation = other?.surrender();
        this.#rename(inputs, winner);
        inputs.continueAs({ id: winner, role: "callee", media, negotiation });
    }

    #callAgain(inputs) {
        const before = inputs.id;
        const id = randomUUID();
        this.#rename(inputs, id);
        this.#hooks.conversationEnded(before);
        inputs.continueAs({ id, role: "caller" });
    }

    #rename(inputs, id) {
        this.#calls.delete(inputs.id);
        this.#hooks.forget(inputs.id);
        this.#calls.set(id, inputs);
    }

    /** @param {object} options - of `CallInputs` */
    #create(options) {
        return this.#register((link) =>
            new CallInputs({ ...options, environment: this.#environment, quality: this.#quality, link }));
    }

    /** @param {(link: import("../call/call-core.js").CallLink) => CallInputs} make */
    #register(make) {
        const hooks = this.#hooks;
        const inputs = make({
            send: (message, options) => hooks.send(inputs.id, message, options),
            configuration: hooks.configuration,
            freshIceServers: hooks.freshIceServers,
            openMedia: (media) => hooks.openMedia(inputs.call, media),
            sendingPolicy: hooks.sendingPolicy,
            store: hooks.store,
            callAgain: () => this.#callAgain(inputs),
            phaseChanged: () => this.show(),
            ended: () => this.#ended(inputs),
        });
        this.#calls.delete(inputs.id);
        this.#calls.set(inputs.id, inputs);
        return inputs;
    }

    #ended(inputs) {
        // A call object that another one goes on for has left the table already.
        if (this.#calls.get(inputs.id) !== inputs) return;
        this.#hooks.forget(inputs.id);
        // On another device it may go on, and this one may fetch it.
        if (!this.#elsewhere.has(inputs.id)) this.#hooks.conversationEnded(inputs.id);
        const ended = [...this.#calls.values()].filter((each) => each.ended);
        for (const each of ended.slice(0, Math.max(0, ended.length - ENDED_CALLS_KEPT))) this.#calls.delete(each.id);
    }
}
