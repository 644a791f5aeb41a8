/**
 * @typedef {object} MediaRequest
 * @property {boolean} audio
 * @property {boolean} video
 * @property {MediaStream | Promise<MediaStream>} [stream] - used instead of camera and microphone; its tracks stay the
 *     application's
 */

/**
 * Camera and microphone of one call: opened when asked, muted by switching tracks off, stopped at the end.
 */
export class LocalMedia {
    /** @type {MediaStream | null} */
    stream = null;
    audioMuted = false;
    videoMuted = false;
    #environment;
    #owned = false;
    #closed = false;

    /** @param {import("../environment.js").Environment} environment */
    constructor(environment) {
        this.#environment = environment;
    }

    /**
     * @param {MediaRequest} request
     * @returns {Promise<MediaStream | null>} null if the call ended meanwhile; rejects with the browser's reason
     */
    async open({ audio, video, stream }) {
        const opened = await (stream ?? this.#environment.openMedia({ audio, video }));
        if (this.#closed) {
            if (!stream) stopTracks(opened);
            return null;
        }
        this.#owned = !stream;
        this.stream = opened;
        this.#applyMutes();
        return opened;
    }

    /** @returns {{ audio?: MediaStreamTrack, video?: MediaStreamTrack }} what there is to send */
    get tracks() {
        const tracks = {};
        const audio = this.stream?.getAudioTracks()[0];
        const video = this.stream?.getVideoTracks()[0];
        if (audio) tracks.audio = audio;
        if (video) tracks.video = video;
        return tracks;
    }

    /** @param {{ audio?: boolean, video?: boolean }} muted - what is not named stays as it is */
    setMuted({ audio = this.audioMuted, video = this.videoMuted }) {
        this.audioMuted = audio;
        this.videoMuted = video;
        this.#applyMutes();
    }

    close() {
        this.#closed = true;
        if (this.#owned && this.stream) stopTracks(this.stream);
    }

    #applyMutes() {
        for (const track of this.stream?.getAudioTracks() ?? []) track.enabled = !this.audioMuted;
        for (const track of this.stream?.getVideoTracks() ?? []) track.enabled = !this.videoMuted;
    }
}

function stopTracks(stream) {
    for (const track of stream.getTracks()) track.stop();
}
