/** A new picture is waited for this long before the old one is let go. */
const PATIENCE_MS = 1_500;

/** What the peer sends: one stream for the whole call, whatever connection its tracks come from. */
export class RemoteMedia {
    /** @type {MediaStream} */
    stream;
    /** What the peer has switched off. */
    muted = { audio: false, video: false };
    screen = false;
    #environment;
    #changed;
    /** Counts the connections, to drop what comes late from an older one. */
    #switches = 0;

    /**
     * @param {import("../environment.js").Environment} environment
     * @param {() => void} changed - there are other tracks than before
     */
    constructor(environment, changed) {
        this.#environment = environment;
        this.#changed = changed;
        this.stream = environment.createMediaStream();
    }

    add(track) {
        if (this.stream.getTracks().includes(track)) return;
        this.stream.addTrack(track);
        this.#changed();
    }

    /**
     * Another connection: its tracks take the place of those before, the picture as soon as there is one.
     * @param {MediaStreamTrack[]} tracks
     */
    async switchTo(tracks) {
        this.#switches += 1;
        const present = this.#switches;
        this.#replace("audio", tracks);
        const picture = tracks.find(({ kind }) => kind === "video");
        const showsAnother = this.stream.getVideoTracks().some(({ muted }) => !muted);
        if (picture?.muted && showsAnother) await this.#firstPacket(picture);
        // Yet another connection may have come meanwhile.
        if (present === this.#switches) this.#replace("video", tracks);
    }

    /** A begin without a past, as after an offer that takes the place of another while it rings. */
    clear() {
        for (const track of this.stream.getTracks()) this.stream.removeTrack(track);
    }

    /** @param {object} state - the wire's `mediaState` */
    stateReceived({ audioMuted = false, videoMuted = false, screen = false }) {
        this.muted = { audio: audioMuted, video: videoMuted };
        this.screen = screen;
    }

    #replace(kind, tracks) {
        const wanted = tracks.filter((track) => track.kind === kind);
        const before = this.stream.getTracks().filter((track) => track.kind === kind);
        const present = new Set(before);
        for (const track of wanted) if (!present.has(track)) this.stream.addTrack(track);
        for (const track of before) if (!wanted.includes(track)) this.stream.removeTrack(track);
        this.#changed();
    }

    /** A remote track is muted until its first packet (WebRTC 1.0 §5.3). */
    #firstPacket(track) {
        return new Promise((resolve) => {
            const timer = this.#environment.setTimeout(resolve, PATIENCE_MS);
            track.addEventListener?.("unmute", () => {
                this.#environment.clearTimeout(timer);
                resolve();
            }, { once: true });
        });
    }
}
