import { CandidateBatcher, candidateFromWire } from "./candidate-batcher.js";

/** After this time a connection that has not come about by itself needs another offer. */
const FIRST_CONNECTION_MS = 3_000;

/**
 * @typedef {object} PeerSessionHooks
 * @property {(message: object) => void} send - hands a wire message to the outbox
 * @property {(state: RTCIceConnectionState) => void} iceStateChanged
 * @property {() => void} secured - the media is encrypted from now on
 * @property {(track: MediaStreamTrack) => void} trackReceived
 * @property {(end: "local" | "remote", sdp: string) => void} described - this description counts from now on
 * @property {(step: "offerSent" | "prepared") => void} step - for the timings
 * @property {(error: Error) => void} failed - the browser refused something that the call cannot go on without
 */

/**
 * One RTCPeerConnection of a call, and the rules of its descriptions and candidates.
 *
 * Three rules shape it. Nothing with an address leaves before pickup: what is sent is the text of `createOffer` and
 * `createAnswer`, before `setLocalDescription` starts the gathering; candidates follow on their own, and the server
 * holds them. Camera and microphone play no part in the negotiation: transceivers are negotiated for both directions
 * without a track, and `setTracks` puts tracks in whenever there are some. And all work on the connection is done in
 * the order in which it was asked for, since the browser refuses candidates that overtake their description.
 *
 * Both sides number alike: `session` counts the peer connections of the call, `revision` the offers made on this one,
 * by whichever side. An answer to an older offer is late, and dropped.
 *
 * Negotiation after pickup is "perfect negotiation" (WebRTC 1.0 §10.7): when offers meet, the polite side, the callee,
 * takes its own back.
 */
export class PeerSession {
    /** @type {MediaStreamTrack[]} what the peer sends on this connection */
    remoteTracks = [];
    #connection;
    #session;
    #revision = 0;
    #polite;
    #hooks;
    #sending;
    #candidates;
    #environment;
    #selected = false;
    /** Either side may negotiate. */
    #negotiable = false;
    #negotiableTimer = null;
    /** The browser wished for a negotiation of its own before that. */
    #postponed = false;
    #ignoringOffer = false;
    /** An answer that is sent but not applied; see `appliesAnswerAtPickup`. */
    #withheldAnswer = null;
    #work = Promise.resolve();
    #closed = false;
    #hasDescription = false;
    #hasCandidates = false;

    /**
     * @param {object} options
     * @param {import("../environment.js").Environment} options.environment
     * @param {RTCConfiguration} options.configuration
     * @param {number} options.session
     * @param {boolean} options.polite
     * @param {import("../media/sending-policy.js").SendingPolicy} options.sending
     * @param {PeerSessionHooks} options.hooks
     */
    constructor({ environment, configuration, session, polite, sending, hooks }) {
        this.#environment = environment;
        this.#session = session;
        this.#polite = polite;
        this.#sending = sending;
        this.#hooks = hooks;
        const connection = environment.createPeerConnection(configuration);
        this.#connection = connection;
        this.#candidates = new CandidateBatcher({
            environment,
            flushed: (candidates) =>
                hooks.send({ candidates: { candidates, session: this.#session, revision: this.#revision } }),
        });
        connection.onicecandidate = ({ candidate }) => this.#candidates.add(candidate);
        connection.oniceconnectionstatechange = () => hooks.iceStateChanged(connection.iceConnectionState);
        connection.onconnectionstatechange = () => connection.connectionState === "connected" && this.#secured();
        connection.ontrack = ({ track }) => {
            this.remoteTracks.push(track);
            hooks.trackReceived(track);
        };
        connection.onnegotiationneeded = () => this.#negotiationNeeded();
    }

    get session() {
        return this.#session;
    }

    /** The browser's object, for statistics. */
    get connection() {
        return this.#connection;
    }

    /**
     * The first offer on this connection.
     * @param {{ audio: boolean, video: boolean }} media
     */
    offer({ audio, video }) {
        return this.#enqueue(async () => {
            if (audio) this.#addTransceiver("audio");
            if (video) this.#addTransceiver("video");
            await this.#makeOffer();
        });
    }

    /** The network changed while it rings: an offer with which gathering begins anew takes the place of the last. */
    revise() {
        return this.#enqueue(async () => {
            if (this.#selected || this.#connection.signalingState !== "have-local-offer") return;
            await this.#makeOffer({ iceRestart: true });
        });
    }

    /**
     * Answers the first offer on this connection: prepares, while it rings.
     * @param {object} description - the wire's
     * @param {{ applyNow: boolean }} options - false: gathering begins with `pickedUp`
     */
    prepareAnswer(description, { applyNow }) {
        this.#descriptionArrived();
        return this.#enqueue(async () => {
            this.#revision = description.revision ?? 0;
            await this.#applyRemote("offer", description.sdp);
            const answer = await this.#createAnswer();
            this.#sendDescription(answer);
            if (applyNow) await this.#applyAnswer(answer);
            else this.#withheldAnswer = answer;
        });
    }

    /** The user picked up: what was withheld until now is applied. */
    pickedUp() {
        return this.#enqueue(async () => {
            const answer = this.#withheldAnswer;
            this.#withheldAnswer = null;
            if (answer) await this.#applyAnswer(answer);
        });
    }

    /**
     * Both devices are selected: either side may negotiate, as soon as the first negotiation has borne its fruit.
     *
     * An answer to a second offer that comes before the DTLS handshake may take the other role in it than the first one
     * (Firefox does), and the connection is lost. Where nothing comes about by itself, an ICE restart may help after all.
     */
    selected() {
        if (this.#selected) return;
        this.#selected = true;
        if (this.#connection.connectionState === "connected") return this.#mayNegotiate();
        this.#negotiableTimer = this.#environment.setTimeout(() => this.#mayNegotiate(), FIRST_CONNECTION_MS);
    }

    /** @param {object} description - of this session, from the selected device of the peer */
    descriptionReceived(description) {
        this.#descriptionArrived();
        return this.#enqueue(async () => {
            if (description.type === "answer") return this.#answerReceived(description);
            return this.#offerReceived(description);
        });
    }

    /** @param {object} batch - the wire's `candidates`, of this session */
    candidatesReceived({ candidates = [] }) {
        this.#hasCandidates = true;
        this.#notePrepared();
        return this.#enqueue(async () => {
            for (const candidate of candidates.filter((each) => this.#isOfPresentOffer(each))) {
                try {
                    await this.#connection.addIceCandidate(candidateFromWire(candidate));
                } catch (error) {
                    // Those of an offer that was passed over have nowhere to go.
                    if (!this.#ignoringOffer) console.warn("switchboard: a candidate was refused.", error);
                }
            }
        });
    }

    /**
     * Puts these tracks in place of what is sent now; kinds that are not named stay as they are, null stops sending.
     * @param {{ audio?: MediaStreamTrack | null, video?: MediaStreamTrack | null }} tracks
     */
    setTracks(tracks) {
        return this.#enqueue(async () => {
            for (const [kind, track] of Object.entries(tracks)) {
                const transceivers = this.#connection.getTransceivers();
                const transceiver = transceivers.find(({ receiver }) => receiver.track.kind === kind);
                if (transceiver) await transceiver.sender.replaceTrack(track);
                // A kind that was not negotiated yet: this raises `negotiationneeded`.
                else if (track) this.#addTransceiver(track);
            }
            await this.#sending.apply(this.#connection);
        });
    }

    /** What the sending policy says has changed. */
    applySending() {
        return this.#enqueue(() => this.#sending.apply(this.#connection));
    }

    /** Looks for a new path; the media goes on over the old one while it lives. */
    restartIce() {
        if (this.#closed) return;
        this.#connection.restartIce();
    }

    /** @param {RTCIceServer[]} iceServers - for the next gathering */
    setIceServers(iceServers) {
        if (this.#closed) return;
        try {
            this.#connection.setConfiguration({ ...this.#connection.getConfiguration(), iceServers });
        } catch (error) {
            console.warn("switchboard: the browser did not take the ICE servers.", error);
        }
    }

    close() {
        this.#closed = true;
        this.#environment.clearTimeout(this.#negotiableTimer);
        this.#candidates.close();
        const connection = this.#connection;
        connection.onicecandidate = connection.oniceconnectionstatechange = null;
        connection.onconnectionstatechange = connection.ontrack = connection.onnegotiationneeded = null;
        connection.close();
    }

    // ---------------------------------------------------------------------------------------------- inside

    /** Work is done in order; what fails is reported and does not stop what follows. */
    #enqueue(work) {
        this.#work = this.#work.then(async () => {
            if (this.#closed) return;
            try {
                await work();
            } catch (error) {
                if (!this.#closed) this.#hooks.failed(error);
            }
        });
        return this.#work;
    }

    #addTransceiver(kindOrTrack) {
        const transceiver = this.#connection.addTransceiver(kindOrTrack, { direction: "sendrecv" });
        this.#sending.prefer(transceiver);
    }

    #secured() {
        if (this.#selected) this.#mayNegotiate();
        this.#hooks.secured();
    }

    #mayNegotiate() {
        this.#environment.clearTimeout(this.#negotiableTimer);
        this.#negotiable = true;
        if (this.#postponed) this.#negotiationNeeded();
        this.#postponed = false;
    }

    async #makeOffer(options) {
        const offer = await this.#connection.createOffer(options);
        this.#revision += 1;
        this.#sendDescription(offer);
        await this.#connection.setLocalDescription(offer);
    }

    /** For both directions, whether there is a track or not: one that comes later needs no negotiation. */
    async #createAnswer() {
        for (const transceiver of this.#connection.getTransceivers()) {
            if (transceiver.direction === "stopped") continue;
            transceiver.direction = "sendrecv";
            this.#sending.prefer(transceiver);
        }
        return this.#connection.createAnswer();
    }

    async #applyAnswer(answer) {
        await this.#connection.setLocalDescription(answer);
        await this.#sending.apply(this.#connection);
    }

    async #applyRemote(type, sdp) {
        await this.#connection.setRemoteDescription({ type, sdp: this.#sending.hinted(sdp) });
        this.#hooks.described("remote", sdp);
    }

    #negotiationNeeded() {
        if (!this.#negotiable) {
            // Wishes from before the first negotiation are met by it; later ones wait until the peer is known.
            this.#postponed = this.#connection.remoteDescription !== null;
            return;
        }
        this.#enqueue(async () => {
            if (this.#connection.signalingState === "stable") await this.#makeOffer();
        });
    }

    async #answerReceived({ sdp, revision = 0 }) {
        const awaited = this.#connection.signalingState === "have-local-offer";
        if (!awaited || revision !== this.#revision) return;
        await this.#applyRemote("answer", sdp);
        await this.#sending.apply(this.#connection);
    }

    async #offerReceived({ sdp, session = 0, revision = 0 }) {
        const collision = this.#connection.signalingState !== "stable";
        this.#ignoringOffer = collision && !this.#polite;
        if (this.#ignoringOffer) return;
        this.#revision = Math.max(this.#revision, revision);
        // With a pending offer of our own, this takes it back first.
        await this.#applyRemote("offer", sdp);
        const answer = await this.#createAnswer();
        this.#hooks.send({ description: { type: "answer", sdp: answer.sdp, session, revision } });
        this.#hooks.described("local", answer.sdp);
        await this.#applyAnswer(answer);
    }

    #sendDescription({ type, sdp }) {
        this.#hooks.send({ description: { type, sdp, session: this.#session, revision: this.#revision } });
        this.#hooks.described("local", sdp);
        this.#hooks.step("offerSent");
    }

    /** After an ICE restart, candidates of before it may still come; the browser would refuse them. */
    #isOfPresentOffer({ usernameFragment }) {
        const lines = (this.#connection.remoteDescription?.sdp ?? "").split(/\r?\n/);
        const fragments = lines.filter((line) => line.startsWith("a=ice-ufrag:"));
        return !usernameFragment || fragments.length === 0 || fragments.includes(`a=ice-ufrag:${usernameFragment}`);
    }

    #descriptionArrived() {
        this.#hasDescription = true;
        this.#notePrepared();
    }

    #notePrepared() {
        if (this.#hasDescription && this.#hasCandidates) this.#hooks.step("prepared");
    }
}
