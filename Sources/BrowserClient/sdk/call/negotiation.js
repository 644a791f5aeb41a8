import { remoteCertificates } from "../security/certificates.js";
import { SecurityExchange } from "../security/exchange.js";
import { PeerSession } from "./peer-session.js";

/**
 * @typedef {object} NegotiationHooks
 * @property {(message: object) => void} send
 * @property {(step: string) => void} step
 * @property {(session: number) => void} began - a peer connection of this number was made
 * @property {() => void} answered - an answer is about to be sent; its peer connection cannot outlive the page
 * @property {(state: "connected" | "disconnected" | "failed") => void} mediaChanged - on the connection in use
 * @property {(track: MediaStreamTrack) => void} trackReceived - on the connection in use
 * @property {(tracks: MediaStreamTrack[]) => Promise<void>} switched - to a connection with these; the one before is
 *     closed afterwards
 * @property {() => void} cleared - the connection in use is gone, and with it its tracks
 * @property {(state: "started" | "completed" | "failed", device: string) => void} handover
 * @property {(state: string, code: object[] | null) => void} security
 * @property {(problem: { name: string, message: string }, kind: string) => void} problem
 * @property {(error: Error) => void} failed - on the connection in use
 */

/** Connections in place of broken ones in one call; more than that is something that a new one does not mend. */
const RENEWALS = 3;

/**
 * Of a negotiation that nobody follows.
 * @type {NegotiationHooks}
 */
export const silentHooks = Object.freeze({
    send() {},
    step() {},
    began() {},
    answered() {},
    mediaChanged() {},
    trackReceived() {},
    cleared() {},
    async switched() {},
    handover() {},
    security() {},
    problem() {},
    failed() {},
});

/**
 * The peer connections of one conversation: the one in use, and one that is about to take its place.
 *
 * Each has a number, its session. Before pickup an offer of a new session takes the place of the old at once: the
 * caller has begun anew. After pickup the old connection stays in use until packets pass on the new one, or, if another
 * device of the peer is behind it (a handover), until the server has decided for that device.
 */
export class Negotiation {
    /** @type {PeerSession | null} */
    #current = null;
    /** @type {PeerSession | null} */
    #successor = null;
    /** Device of the peer that wants to take the call over; the successor may be its. */
    #handoverDevice = null;
    #successorIsHandover = false;
    #environment;
    #configuration;
    #isCallee;
    #sending;
    /** @type {NegotiationHooks} */
    #hooks;
    #exchange;
    #selected = false;
    #ringing;
    /** The other side made the first offer on the connection in use. */
    #answers = false;
    #tracks = {};
    #highestSession = 0;
    /** How often a connection was made because the browser would not go on with the one before. */
    #renewals = 0;
    /** Session on which `connected` was said last, unless the media was lost since. */
    #connectedSession = 0;
    #closed = false;

    /**
     * @param {object} options
     * @param {import("../environment.js").Environment} options.environment
     * @param {() => RTCConfiguration} options.configuration
     * @param {string} options.id - of the conversation
     * @param {"caller" | "callee"} options.role
     * @param {boolean} options.ringing - not picked up yet
     * @param {import("../media/sending-policy.js").SendingPolicy} options.sending
     * @param {NegotiationHooks} options.hooks
     */
    constructor({ environment, configuration, id, role, ringing, sending, hooks }) {
        this.#environment = environment;
        this.#configuration = configuration;
        this.#isCallee = role === "callee";
        this.#ringing = ringing;
        this.#sending = sending;
        this.#hooks = hooks;
        this.#exchange = new SecurityExchange({
            call: id,
            role,
            hooks: {
                send: (message) => this.#hooks.send(message),
                changed: (state, code) => this.#hooks.security(state, code),
                problem: (problem) => this.#hooks.problem(problem, "security"),
            },
        });
    }

    /** Another call object goes on with this. */
    set hooks(hooks) {
        this.#hooks = hooks;
    }

    get connection() {
        return this.#current?.connection ?? null;
    }

    /** What the peer sends on the connection in use. */
    get remoteTracks() {
        return this.#current?.remoteTracks ?? [];
    }

    /** The highest session seen, of either side. */
    get highestSession() {
        return this.#highestSession;
    }

    /** Whether packets pass on the connection in use. */
    get mediaFlows() {
        return this.#current !== null && this.#connectedSession === this.#current.session;
    }

    /** @param {number} [session] - one that others have used */
    noteSession(session = 0) {
        this.#highestSession = Math.max(this.#highestSession, session);
    }

    get sending() {
        return this.#sending;
    }

    /**
     * Offers a connection of our own: the first of a call, or one in place of a connection that is gone.
     * @param {{ audio: boolean, video: boolean }} media
     */
    offer(media) {
        this.#current?.close();
        this.#answers = false;
        this.#current = this.#createSession(this.#highestSession + 1);
        this.#exchange.switchedTo(this.#current.session);
        this.#current.offer(media);
        if (this.#selected) this.#current.selected();
        this.#current.setTracks(this.#tracks);
    }

    /** The network changed while our call rings. */
    revise() {
        this.#current?.revise();
    }

    /** The user picked up. */
    pickedUp() {
        this.#ringing = false;
        this.#current?.pickedUp();
    }

    /** @param {{ session?: number }} content - of `selected`: the session is told after a handover */
    selectedReceived({ session = 0 } = {}) {
        this.#ringing = false;
        if (!this.#selected) {
            this.#selected = true;
            this.#exchange.selected();
            this.#current?.selected();
            this.#successor?.selected();
        }
        if (session > 0 && session === this.#successor?.session) this.#promoteSuccessor();
    }

    /**
     * @param {object} description - of the wire
     * @param {string} [device] - of the peer; absent before pickup
     */
    descriptionReceived(description, device) {
        const { type, session = 0 } = description;
        this.noteSession(session);
        if (session === this.#successor?.session) return void this.#successor.descriptionReceived(description);
        if (session === this.#current?.session) return this.#currentDescription(description);
        const newest = Math.max(this.#current?.session ?? 0, this.#successor?.session ?? 0);
        if (type === "offer" && session > newest) this.#answerNewSession(description, device);
        return undefined;
    }

    /** @param {object} content - of the wire's `candidates` */
    candidatesReceived(content) {
        const { session = 0 } = content;
        const target = [this.#successor, this.#current].find((each) => each?.session === session);
        target?.candidatesReceived(content);
    }

    /** @param {{ step: string, value: string, session?: number }} content */
    securityReceived(content) {
        this.#exchange.messageReceived(content);
    }

    /** Another device of the peer wants the call, or wants it no more. */
    handoverReceived({ device, cancelled = false }) {
        if (!cancelled) {
            this.#handoverDevice = device;
            return this.#hooks.handover("started", device);
        }
        if (device && device !== this.#handoverDevice) return undefined;
        this.#handoverDevice = null;
        if (this.#successorIsHandover) this.#dropSuccessor();
        return this.#hooks.handover("failed", device);
    }

    /** @param {{ audio?: MediaStreamTrack | null, video?: MediaStreamTrack | null }} tracks - see `PeerSession` */
    async setTracks(tracks) {
        this.#tracks = { ...this.#tracks, ...tracks };
        await Promise.all([this.#current?.setTracks(tracks), this.#successor?.setTracks(tracks)]);
    }

    async applySending() {
        await Promise.all([this.#current?.applySending(), this.#successor?.applySending()]);
    }

    restartIce() {
        // Where a successor is under way, the connection before it has no future.
        (this.#successorIsHandover ? this.#current : (this.#successor ?? this.#current))?.restartIce();
    }

    setIceServers(iceServers) {
        this.#current?.setIceServers(iceServers);
        this.#successor?.setIceServers(iceServers);
    }

    close() {
        this.#closed = true;
        this.#exchange.close();
        this.#current?.close();
        this.#dropSuccessor();
    }

    // ---------------------------------------------------------------------------------------------- inside

    #currentDescription(description) {
        // Before pickup a further offer is one that the caller has revised: it is prepared for like the first.
        if (this.#selected || !this.#answers) return void this.#current.descriptionReceived(description);
        return void this.#current.prepareAnswer(description, { applyNow: this.#appliesAnswerNow });
    }

    #answerNewSession(description, device) {
        if (this.#selected && this.#current) return this.#answerAsSuccessor(description, device);
        this.#current?.close();
        this.#hooks.cleared();
        this.#answers = true;
        this.#current = this.#createSession(description.session);
        this.#exchange.switchedTo(description.session);
        this.#hooks.answered();
        this.#current.prepareAnswer(description, { applyNow: this.#appliesAnswerNow });
        if (this.#selected) this.#current.selected();
        this.#current.setTracks(this.#tracks);
        return undefined;
    }

    #answerAsSuccessor(description, device) {
        this.#dropSuccessor();
        this.#successor = this.#createSession(description.session);
        this.#successorIsHandover = device !== undefined && device === this.#handoverDevice;
        // The code of a handover is made with the device that gets the call, when it has it.
        if (!this.#successorIsHandover) this.#exchange.start(description.session);
        this.#successor.prepareAnswer(description, { applyNow: true });
        this.#successor.selected();
        this.#successor.setTracks(this.#tracks);
    }

    get #appliesAnswerNow() {
        return !this.#ringing || !this.#environment.appliesAnswerAtPickup;
    }

    #createSession(session) {
        this.noteSession(session);
        const made = new PeerSession({
            environment: this.#environment,
            configuration: this.#configuration(),
            session,
            polite: this.#isCallee,
            sending: this.#sending,
            hooks: {
                send: (message) => this.#hooks.send(message),
                step: (step) => this.#hooks.step(step),
                trackReceived: (track) => made === this.#current && this.#hooks.trackReceived(track),
                iceStateChanged: (state) => this.#iceStateChanged(made, state),
                described: (end, sdp) => this.#exchange[`${end}Described`](session, sdp),
                secured: () => this.#secured(made),
                failed: (error) => this.#failed(made, error),
            },
        });
        this.#hooks.began(session);
        return made;
    }

    async #secured(peerSession) {
        const certificates = await remoteCertificates(peerSession.connection).catch(() => null);
        this.#exchange.secured(peerSession.session, certificates);
    }

    #iceStateChanged(peerSession, state) {
        if (this.#closed) return;
        const isConnected = state === "connected" || state === "completed";
        if (peerSession === this.#successor) {
            if (!isConnected) return;
            this.#sayConnected(peerSession.session);
            if (!this.#successorIsHandover) this.#promoteSuccessor();
        } else if (peerSession === this.#current) {
            if (isConnected) this.#currentConnected();
            else if (state === "disconnected" || state === "failed") this.#currentLost(state);
        }
    }

    #currentConnected() {
        // The state first: a call is active before its peer hears of it.
        this.#hooks.mediaChanged("connected");
        this.#sayConnected(this.#current.session);
    }

    #currentLost(state) {
        this.#hooks.mediaChanged(state);
        this.#connectedSession = 0;
    }

    #sayConnected(session) {
        if (this.#connectedSession === session) return;
        this.#connectedSession = session;
        this.#hooks.send({ connected: { session } });
    }

    #promoteSuccessor() {
        const before = this.#current;
        const wasHandover = this.#successorIsHandover;
        this.#current = this.#successor;
        this.#successor = null;
        this.#successorIsHandover = false;
        this.#exchange.switchedTo(this.#current.session);
        // Its certificate was seen when nobody asked for it yet.
        if (this.#current.connection.connectionState === "connected") this.#secured(this.#current);
        this.#hooks.switched(this.#current.remoteTracks).finally(() => before?.close());
        this.#hooks.mediaChanged("connected");
        if (wasHandover) this.#hooks.handover("completed", this.#handoverDevice);
        if (wasHandover) this.#handoverDevice = null;
    }

    #dropSuccessor() {
        this.#successor?.close();
        this.#successor = null;
        this.#successorIsHandover = false;
    }

    #failed(peerSession, error) {
        const wasUsed = peerSession === this.#current;
        if (wasUsed && (!this.#selected || this.#renewals >= RENEWALS)) return this.#hooks.failed(error);
        this.#hooks.problem({ name: error.name, message: error.message }, "negotiation");
        if (wasUsed) return this.#renew();
        // The connection in use is not concerned.
        if (peerSession === this.#successor) this.#dropSuccessor();
        return undefined;
    }

    /** The browser does not go on with this connection: another one, while the media flow over this as long as they do. */
    #renew() {
        if (this.#successor) return;
        this.#renewals += 1;
        const kinds = this.#current.connection.getTransceivers().map(({ receiver }) => receiver.track.kind);
        this.#successor = this.#createSession(this.#highestSession + 1);
        this.#exchange.start(this.#successor.session);
        this.#successor.offer({ audio: kinds.includes("audio"), video: kinds.includes("video") });
        this.#successor.selected();
        this.#successor.setTracks(this.#tracks);
    }
}
