/**
 * @typedef {object} MediaRequest
 * @property {boolean} audio
 * @property {boolean} video
 * @property {MediaStream | Promise<MediaStream>} [stream] - used instead of camera and microphone; its tracks stay the
 *     application's
 */

/**
 * What one call sends: microphone, camera, screen. Opened when asked, muted by switching tracks off, stopped at the end
 * (those that the SDK has opened; the application's are its own to stop).
 */
export class LocalMedia {
    /** @type {MediaStream | null} what is sent now; null before anything was opened */
    stream = null;
    audioMuted = false;
    videoMuted = false;
    #environment;
    #openDevices;
    #sharingEnded;
    /** @type {{ audio?: MediaStreamTrack, video?: MediaStreamTrack }} */
    #devices = {};
    /** @type {MediaStreamTrack | null} */
    #screen = null;
    /** Tracks that are the SDK's to stop. */
    #owned = new Set();
    #closed = false;

    /**
     * @param {object} options
     * @param {import("../environment.js").Environment} options.environment
     * @param {(media: { audio: boolean, video: boolean }) => Promise<MediaStream>} options.openDevices
     * @param {() => void} options.sharingEnded - the browser's own button ended it
     */
    constructor({ environment, openDevices, sharingEnded }) {
        this.#environment = environment;
        this.#openDevices = openDevices;
        this.#sharingEnded = sharingEnded;
    }

    /**
     * @param {MediaRequest} request
     * @returns {Promise<MediaStream | null>} null if the call ended meanwhile; rejects with the browser's reason
     */
    async open({ audio, video, stream }) {
        const opened = await (stream ?? this.#openDevices({ audio, video }));
        if (this.#closed) {
            if (!stream) stopAll(opened.getTracks());
            return null;
        }
        for (const track of opened.getTracks()) this.#take(track, { owned: !stream });
        return this.#refresh();
    }

    /** @param {MediaStreamTrack} track - the application's; takes the place of the one of its kind */
    add(track) {
        this.#take(track, { owned: false });
        return this.#refresh();
    }

    /** @param {"audio" | "video"} kind */
    remove(kind) {
        this.#release(this.#devices[kind]);
        delete this.#devices[kind];
        if (kind === "video") this.endSharing();
        return this.#refresh();
    }

    /**
     * @param {MediaStream | Promise<MediaStream>} [given]
     * @returns {Promise<MediaStream | null>} null if the call ended meanwhile
     */
    async share(given) {
        const opened = await (given ?? this.#environment.openScreen());
        const [track] = opened.getVideoTracks();
        if (!track) throw new Error("What is to be shared has no picture.");
        if (!given) for (const each of opened.getTracks()) this.#owned.add(each);
        if (this.#closed) {
            for (const each of opened.getTracks()) this.#release(each);
            return null;
        }
        this.#release(this.#screen);
        this.#screen = track;
        // Letters are to stay sharp, if there is a choice.
        if (!given && "contentHint" in track) track.contentHint = "detail";
        track.addEventListener?.("ended", () => track === this.#screen && this.#sharingEnded(), { once: true });
        this.#refresh();
        return opened;
    }

    /** @returns {boolean} whether there was anything to end */
    endSharing() {
        if (!this.#screen) return false;
        this.#release(this.#screen);
        this.#screen = null;
        this.#refresh();
        return true;
    }

    get sharing() {
        return this.#screen !== null;
    }

    /** Kinds of devices that are open. */
    get openKinds() {
        return { audio: Boolean(this.#devices.audio), video: Boolean(this.#devices.video) };
    }

    /** @returns {{ audio: MediaStreamTrack | null, video: MediaStreamTrack | null }} what there is to send */
    get tracks() {
        return { audio: this.#devices.audio ?? null, video: this.#screen ?? this.#devices.video ?? null };
    }

    /** @param {{ audio?: boolean, video?: boolean }} muted - what is not named stays as it is */
    setMuted({ audio = this.audioMuted, video = this.videoMuted }) {
        this.audioMuted = audio;
        this.videoMuted = video;
        this.#applyMutes();
    }

    close() {
        this.#closed = true;
        for (const track of [...this.#owned]) this.#release(track);
    }

    // ---------------------------------------------------------------------------------------------- inside

    #take(track, { owned }) {
        if (track.kind === "video" && this.#devices.video !== track) this.#release(this.#devices.video);
        if (track.kind === "audio" && this.#devices.audio !== track) this.#release(this.#devices.audio);
        this.#devices[track.kind] = track;
        if (owned) this.#owned.add(track);
    }

    #release(track) {
        if (track && this.#owned.delete(track)) track.stop();
    }

    /** Brings the stream up to date with what is sent. It is one object for the whole call. */
    #refresh() {
        this.stream ??= this.#environment.createMediaStream();
        const wanted = Object.values(this.tracks).filter(Boolean);
        for (const track of this.stream.getTracks()) {
            if (!wanted.includes(track)) this.stream.removeTrack(track);
        }
        const present = this.stream.getTracks();
        for (const track of wanted) {
            if (!present.includes(track)) this.stream.addTrack(track);
        }
        this.#applyMutes();
        return this.stream;
    }

    /** The screen is not muted with the camera: who shows it, ends it. */
    #applyMutes() {
        if (this.#devices.audio) this.#devices.audio.enabled = !this.audioMuted;
        if (this.#devices.video) this.#devices.video.enabled = !this.videoMuted;
    }
}

function stopAll(tracks) {
    for (const track of tracks) track.stop();
}
