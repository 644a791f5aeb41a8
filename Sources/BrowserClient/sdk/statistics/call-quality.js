import { VideoPause } from "../media/video-pause.js";
import { StatisticsSampler } from "./sampler.js";

const DEFAULT_INTERVAL_MS = 2_000;

/** Watches over one call while it is active: its statistics, and the video that is paused when the network is poor. */
export class CallQuality {
    #environment;
    #sampler;
    /** @type {VideoPause | null} */
    #pause;
    #hooks;

    /**
     * @param {object} options
     * @param {import("../environment.js").Environment} options.environment
     * @param {number} [options.intervalMs]
     * @param {import("../types/media.js").VideoPausePolicy | false} [options.videoPause]
     * @param {object} options.hooks
     * @param {() => RTCPeerConnection | null} options.hooks.connection
     * @param {() => boolean} options.hooks.sendsVideo - there is a picture that is not muted
     * @param {(statistics: import("../types/media.js").CallStatistics) => void} options.hooks.sampled
     * @param {(paused: boolean, availableKbps: number) => void} options.hooks.paused
     */
    constructor({ environment, intervalMs = DEFAULT_INTERVAL_MS, videoPause = {}, hooks }) {
        this.#environment = environment;
        this.#hooks = hooks;
        this.#pause = videoPause === false ? null : new VideoPause(videoPause);
        this.#sampler = new StatisticsSampler({
            environment,
            intervalMs,
            connection: hooks.connection,
            sampled: (statistics) => this.#sampled(statistics),
        });
    }

    get videoPaused() {
        return this.#pause?.paused ?? false;
    }

    /** Media flows. */
    start() {
        this.#sampler.start();
    }

    /** It does not: what would be measured says nothing. */
    stop() {
        this.#sampler.stop();
        this.#pause?.idle();
    }

    look() {
        return this.#sampler.look();
    }

    #sampled(statistics) {
        this.#hooks.sampled(statistics);
        const { availableOutgoingKbps: availableKbps } = statistics;
        if (!this.#pause) return;
        if (!this.#hooks.sendsVideo()) return this.#pause.idle();
        if (this.#pause.sample({ now: this.#environment.now(), availableKbps })) {
            this.#hooks.paused(this.#pause.paused, availableKbps);
        }
    }
}
