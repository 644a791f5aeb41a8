/** Defaults; the meaning is in `types/media.d.ts`. */
export const defaultVideoPause = Object.freeze({
    belowKbps: 40,
    afterMs: 4_000,
    resumeAboveKbps: 80,
    resumeAfterMs: 6_000,
    retryMs: 20_000,
});
const LONGEST_RETRY = 10;

/**
 * Decides when video is given up for the sake of the sound, and when it is tried again. Pure: samples in, decisions
 * out.
 *
 * Two bounds and two times keep it from going to and fro. While video is paused the browser's estimate hardly rises,
 * for it cannot see more than is sent; hence a try from time to time.
 */
export class VideoPause {
    paused = false;
    #policy;
    /** Since when the samples ask for a change; null while they do not. */
    #since = null;
    #changedAt = 0;
    #retries = 0;

    /** @param {import("../types/media.js").VideoPausePolicy} [policy] */
    constructor(policy = {}) {
        this.#policy = { ...defaultVideoPause, ...policy };
    }

    /**
     * @param {{ now: number, availableKbps: number | undefined }} sample - now in milliseconds
     * @returns {boolean} whether `paused` changed
     */
    sample({ now, availableKbps }) {
        if (availableKbps === undefined) return false;
        return this.paused ? this.#mayResume(now, availableKbps) : this.#mustPause(now, availableKbps);
    }

    /** There is no video to pause now. */
    idle() {
        this.#since = null;
    }

    #mustPause(now, availableKbps) {
        const { belowKbps, afterMs, retryMs } = this.#policy;
        if (availableKbps >= belowKbps) {
            this.#since = null;
            // It went well for as long as the longest wait would have been: the next failure is the first again.
            if (now - this.#changedAt >= retryMs * LONGEST_RETRY) this.#retries = 0;
            return false;
        }
        return this.#lasts(now, afterMs) && this.#enter(true, now);
    }

    #mayResume(now, availableKbps) {
        const { resumeAboveKbps, resumeAfterMs, retryMs } = this.#policy;
        const patience = retryMs * Math.min(2 ** this.#retries, LONGEST_RETRY);
        if (now - this.#changedAt >= patience) {
            this.#retries += 1;
            return this.#enter(false, now);
        }
        if (availableKbps < resumeAboveKbps) {
            this.#since = null;
            return false;
        }
        return this.#lasts(now, resumeAfterMs) && this.#enter(false, now);
    }

    #lasts(now, ms) {
        this.#since ??= now;
        return now - this.#since >= ms;
    }

    #enter(paused, now) {
        this.paused = paused;
        this.#since = null;
        this.#changedAt = now;
        return true;
    }
}
