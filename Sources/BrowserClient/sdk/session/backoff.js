/**
 * Exponential backoff, as a value: the longest wait before the next attempt.
 *
 * The driver draws the actual wait evenly between 0 and this ("full jitter"), which spreads clients that failed at the
 * same moment better than a jitter around the middle does (Brooker, "Exponential Backoff And Jitter", AWS 2015).
 */
export class Backoff {
    /**
     * @param {object} options
     * @param {number} options.firstMs - the longest wait after the first failure
     * @param {number} options.maximumMs - the longest wait ever
     * @param {boolean} [options.atOnce] - whether the first attempt comes without a wait
     */
    constructor({ firstMs, maximumMs, atOnce = false }) {
        this.firstMs = firstMs;
        this.maximumMs = maximumMs;
        this.atOnce = atOnce;
    }

    /**
     * @param {number} failures - failures in a row before this one
     * @returns {number} milliseconds
     */
    ceilingMs(failures) {
        if (this.atOnce && failures === 0) return 0;
        const exponent = this.atOnce ? failures - 1 : failures;
        return Math.min(this.maximumMs, this.firstMs * 2 ** Math.min(exponent, 30));
    }
}
