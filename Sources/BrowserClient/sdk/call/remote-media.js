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
     * Another connection: its tracks take the place of those before as soon as there is a picture, so that none is
     * missed.
     * @param {MediaStreamTrack[]} tracks
     */
    async switchTo(tracks) {
        const picture = tracks.find(({ kind }) => kind === "video");
        if (picture?.muted && this.stream.getVideoTracks().length > 0) await this.#firstPacket(picture);
        for (const track of tracks) this.add(track);
        for (const track of this.stream.getTracks()) {
            if (!tracks.includes(track)) this.stream.removeTrack(track);
        }
        this.#changed();
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
