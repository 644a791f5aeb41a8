import { LocalMedia } from "./local-media.js";
import { RemoteMedia } from "./remote-media.js";

/**
 * What the two people do with their microphones, cameras and screens during one call, and what each is told of the
 * other.
 */
export class MediaControls {
    #local;
    #remote;
    #hooks;
    /** Our video is paused for want of bitrate. */
    #paused = false;

    /**
     * @param {object} options
     * @param {import("../environment.js").Environment} options.environment
     * @param {object} options.hooks
     * @param {(media: { audio: boolean, video: boolean }) => Promise<MediaStream>} options.hooks.openDevices
     * @param {(tracks: object) => Promise<void>} options.hooks.setTracks - to be sent from now on
     * @param {(message: object) => void} options.hooks.announce - to the peer, if there is one to hear it
     * @param {(type: string, detail: object) => void} options.hooks.emit - an event of the call
     * @param {() => void} options.hooks.changed - something to remember over a reload
     */
    constructor({ environment, hooks }) {
        this.#hooks = hooks;
        this.#remote = new RemoteMedia(environment, () => hooks.emit("remotestream", { stream: this.#remote.stream }));
        this.#local = new LocalMedia({
            environment,
            openDevices: hooks.openDevices,
            sharingEnded: () => this.stopSharing(),
        });
    }

    get local() {
        return this.#local;
    }

    get remote() {
        return this.#remote;
    }

    get muted() {
        return { audio: this.#local.audioMuted, video: this.#local.videoMuted };
    }

    get screen() {
        return { local: this.#local.sharing, remote: this.#remote.screen };
    }

    /**
     * @param {import("./local-media.js").MediaRequest} request
     * @returns {Promise<MediaStream | null>} null if the call ended meanwhile
     */
    async open(request) {
        const stream = await this.#local.open(request);
        return stream && this.#sent(stream);
    }

    /** @param {{ audio?: boolean, video?: boolean }} kinds */
    async openMore({ audio = false, video = false }) {
        const { audio: hasAudio, video: hasVideo } = this.#local.openKinds;
        const missing = { audio: audio && !hasAudio, video: video && !hasVideo };
        if (!missing.audio && !missing.video) return this.#local.stream;
        return this.open(missing);
    }

    add(track) {
        return this.#sent(this.#local.add(track));
    }

    remove(kind) {
        return this.#sent(this.#local.remove(kind));
    }

    /** @param {MediaStream | Promise<MediaStream>} [given] */
    async share(given) {
        const shared = await this.#local.share(given);
        if (shared) await this.#screenChanged();
        return shared;
    }

    async stopSharing() {
        if (this.#local.endSharing()) await this.#screenChanged();
    }

    setMuted(muted) {
        this.#local.setMuted(muted);
        this.announce();
        this.#hooks.changed();
        this.#emitMute();
    }

    /** Our video stops, or goes on, without the user's doing: to the peer it is as if muted. */
    setPaused(paused) {
        this.#paused = paused;
        this.announce();
    }

    /** Tells the peer's device how things stand; what is at its default, a new one knows already. */
    announceIfNotable() {
        const { audio, video } = this.muted;
        if (audio || video || this.#paused || this.#local.sharing) this.announce();
    }

    announce() {
        const sharing = this.#local.sharing;
        const mediaState = {
            audioMuted: this.muted.audio,
            videoMuted: (this.muted.video && !sharing) || this.#paused,
        };
        if (sharing) mediaState.screen = true;
        this.#hooks.announce({ mediaState });
    }

    /** @param {object} state - the wire's `mediaState` */
    stateReceived(state) {
        const before = this.#remote.screen;
        this.#remote.stateReceived(state);
        this.#emitMute();
        if (this.#remote.screen !== before) this.#hooks.emit("screen", this.screen);
    }

    close() {
        this.#local.close();
    }

    // ---------------------------------------------------------------------------------------------- inside

    async #sent(stream) {
        this.#hooks.emit("localstream", { stream });
        this.#hooks.changed();
        await this.#hooks.setTracks(this.#local.tracks);
        return stream;
    }

    async #screenChanged() {
        this.announce();
        this.#hooks.emit("screen", this.screen);
        await this.#sent(this.#local.stream);
    }

    #emitMute() {
        this.#hooks.emit("mute", { local: this.muted, remote: this.#remote.muted });
    }
}
