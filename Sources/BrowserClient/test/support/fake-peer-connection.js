/**
 * As much of an RTCPeerConnection as the SDK's rules need: descriptions are texts that name their maker, states follow
 * WebRTC 1.0 §4.3, and what a browser would refuse is refused.
 */
export class FakePeerConnection {
    signalingState = "stable";
    iceConnectionState = "new";
    connectionState = "new";
    localDescription = null;
    remoteDescription = null;
    closed = false;
    log = [];
    candidates = [];
    /** In every description that it makes, if there is one. */
    fingerprint = undefined;
    /** What `getStats` reports. */
    stats = new Map();
    #transceivers = [];
    #made = 0;
    #offered = 0;
    #negotiatedTransceivers = 0;
    #restartWanted = false;
    #configuration;

    constructor(name, configuration = {}) {
        this.name = name;
        this.#configuration = configuration;
    }

    getConfiguration() {
        return this.#configuration;
    }

    setConfiguration(configuration) {
        this.#configuration = configuration;
    }

    addTransceiver(kindOrTrack, { direction }) {
        const track = typeof kindOrTrack === "string" ? null : kindOrTrack;
        const kind = track?.kind ?? kindOrTrack;
        const transceiver = {
            direction,
            receiver: { track: new FakeTrack(kind, `${this.name}-${kind}`) },
            sender: new FakeSender(track),
        };
        this.#transceivers.push(transceiver);
        this.#negotiationMayBeNeeded();
        return transceiver;
    }

    getTransceivers() {
        return this.#transceivers;
    }

    restartIce() {
        this.log.push("restartIce");
        this.#restartWanted = true;
        this.#negotiationMayBeNeeded();
    }

    async createOffer({ iceRestart = false } = {}) {
        this.#made += 1;
        const kinds = this.#transceivers.map(({ receiver }) => receiver.track.kind).join("+");
        const restart = iceRestart ? " (restart)" : "";
        const text = `offer ${this.#made}${restart} of ${this.name}: ${kinds}`;
        return { type: "offer", sdp: text + this.#fingerprintLine };
    }

    async createAnswer() {
        if (this.signalingState !== "have-remote-offer") throw new Error(`createAnswer in ${this.signalingState}`);
        const [offer] = this.remoteDescription.sdp.split("\r\n");
        return { type: "answer", sdp: `answer of ${this.name} to <${offer}>${this.#fingerprintLine}` };
    }

    async setLocalDescription(description) {
        if (this.closed) throw new Error("closed");
        this.log.push(`local ${description.type}`);
        this.localDescription = description;
        if (description.type === "answer") return this.#negotiated();
        this.#offered = this.#transceivers.length;
        this.signalingState = "have-local-offer";
    }

    async setRemoteDescription(description) {
        if (this.closed) throw new Error("closed");
        if (description.type === "answer" && this.signalingState !== "have-local-offer") {
            throw new Error(`an answer in ${this.signalingState}`);
        }
        this.log.push(`remote ${description.type}`);
        this.remoteDescription = description;
        if (description.type === "answer") return this.#negotiated(this.#offered);
        this.signalingState = "have-remote-offer";
        const kinds = description.sdp.split("\r\n")[0].split(": ")[1]?.split("+") ?? [];
        const have = this.#transceivers.map(({ receiver }) => receiver.track.kind);
        for (const kind of kinds.filter((wanted) => wanted && !have.includes(wanted))) {
            this.addTransceiver(kind, { direction: "recvonly" });
            this.ontrack?.({ track: this.#transceivers.at(-1).receiver.track });
        }
    }

    async addIceCandidate(candidate) {
        if (!this.remoteDescription) throw new Error("a candidate before its description");
        this.candidates.push(candidate.candidate);
    }

    async getStats() {
        return this.stats;
    }

    close() {
        this.closed = true;
    }

    // What the network does.

    gather(...candidates) {
        for (const candidate of candidates) {
            this.onicecandidate?.({ candidate: candidate && { candidate, sdpMid: "0", sdpMLineIndex: 0 } });
        }
    }

    iceBecomes(state) {
        this.iceConnectionState = state;
        this.oniceconnectionstatechange?.();
    }

    /** ICE and DTLS stand. */
    connects() {
        this.iceBecomes("connected");
        this.connectionState = "connected";
        this.onconnectionstatechange?.();
    }

    #negotiated(transceivers = this.#transceivers.length) {
        this.signalingState = "stable";
        this.#negotiatedTransceivers = transceivers;
        // (An answer to an offer from before the wish would not meet it; no test goes that far.)
        this.#restartWanted = false;
        this.#negotiationMayBeNeeded();
    }

    /** The event comes in the stable state only, and only if there is something to negotiate (WebRTC 1.0 §4.7.3). */
    #negotiationMayBeNeeded() {
        queueMicrotask(() => {
            const isNeeded = this.#restartWanted || this.#transceivers.length > this.#negotiatedTransceivers;
            if (isNeeded && this.signalingState === "stable") this.onnegotiationneeded?.();
        });
    }

    get #fingerprintLine() {
        return this.fingerprint ? `\r\na=fingerprint:sha-256 ${this.fingerprint}\r\n` : "";
    }
}

class FakeSender {
    parameters = { encodings: [{ active: true }] };

    constructor(track) {
        this.track = track;
    }

    async replaceTrack(track) {
        this.track = track;
    }

    getParameters() {
        return structuredClone(this.parameters);
    }

    async setParameters(parameters) {
        this.parameters = parameters;
    }
}

/** A track that knows whether it was stopped. */
export class FakeTrack extends EventTarget {
    enabled = true;
    stopped = false;
    muted = false;

    constructor(kind, id = kind) {
        super();
        this.kind = kind;
        this.id = id;
    }

    stop() {
        this.stopped = true;
    }
}

export class FakeMediaStream {
    #tracks;

    constructor(tracks = []) {
        this.#tracks = [...tracks];
    }

    static of(...kinds) {
        return new FakeMediaStream(kinds.map((kind) => new FakeTrack(kind)));
    }

    getTracks = () => [...this.#tracks];
    getAudioTracks = () => this.#tracks.filter(({ kind }) => kind === "audio");
    getVideoTracks = () => this.#tracks.filter(({ kind }) => kind === "video");
    addTrack = (track) => this.#tracks.push(track);
    removeTrack = (track) => {
        this.#tracks = this.#tracks.filter((other) => other !== track);
    };
}
