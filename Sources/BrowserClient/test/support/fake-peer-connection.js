/**
 * As much of an RTCPeerConnection as the SDK's rules need: descriptions are texts that name their maker, states follow
 * WebRTC 1.0 §4.3, and what a browser would refuse is refused.
 */
export class FakePeerConnection {
    signalingState = "stable";
    iceConnectionState = "new";
    localDescription = null;
    remoteDescription = null;
    closed = false;
    log = [];
    candidates = [];
    #transceivers = [];
    #made = 0;
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
        const sender = {
            track,
            replaceTrack: async (replacement) => {
                sender.track = replacement;
            },
        };
        this.#transceivers.push({ direction, receiver: { track: { kind, id: `${this.name}-${kind}` } }, sender });
        queueMicrotask(() => this.onnegotiationneeded?.());
    }

    getTransceivers() {
        return this.#transceivers;
    }

    restartIce() {
        this.log.push("restartIce");
        queueMicrotask(() => this.onnegotiationneeded?.());
    }

    async createOffer() {
        this.#made += 1;
        const kinds = this.#transceivers.map(({ receiver }) => receiver.track.kind).join("+");
        return { type: "offer", sdp: `offer ${this.#made} of ${this.name}: ${kinds}` };
    }

    async createAnswer() {
        if (this.signalingState !== "have-remote-offer") throw new Error(`createAnswer in ${this.signalingState}`);
        return { type: "answer", sdp: `answer of ${this.name} to <${this.remoteDescription.sdp}>` };
    }

    async setLocalDescription(description) {
        this.log.push(`local ${description.type}`);
        this.localDescription = description;
        this.signalingState = description.type === "offer" ? "have-local-offer" : "stable";
    }

    async setRemoteDescription(description) {
        if (this.closed) throw new Error("closed");
        if (description.type === "answer" && this.signalingState !== "have-local-offer") {
            throw new Error(`an answer in ${this.signalingState}`);
        }
        this.log.push(`remote ${description.type}`);
        this.remoteDescription = description;
        if (description.type === "answer") {
            this.signalingState = "stable";
            return;
        }
        this.signalingState = "have-remote-offer";
        const kinds = description.sdp.split(": ")[1]?.split("+") ?? [];
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

    close() {
        this.closed = true;
    }

    // What the network does.

    gather(...candidates) {
        for (const candidate of candidates) {
            this.onicecandidate({ candidate: candidate && { candidate, sdpMid: "0", sdpMLineIndex: 0 } });
        }
    }

    iceBecomes(state) {
        this.iceConnectionState = state;
        this.oniceconnectionstatechange();
    }
}

/** A stream of tracks that know whether they were stopped. */
export class FakeMediaStream {
    #tracks;

    constructor(tracks = []) {
        this.#tracks = [...tracks];
    }

    static of(...kinds) {
        return new FakeMediaStream(
            kinds.map((kind) => ({
                kind,
                enabled: true,
                stopped: false,
                stop() {
                    this.stopped = true;
                },
            })),
        );
    }

    getTracks = () => [...this.#tracks];
    getAudioTracks = () => this.#tracks.filter(({ kind }) => kind === "audio");
    getVideoTracks = () => this.#tracks.filter(({ kind }) => kind === "video");
    addTrack = (track) => this.#tracks.push(track);
    removeTrack = (track) => {
        this.#tracks = this.#tracks.filter((other) => other !== track);
    };
}
