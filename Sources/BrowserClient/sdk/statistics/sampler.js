import { summarise } from "./summary.js";

/** More often makes the measuring itself a load. */
const SHORTEST_INTERVAL_MS = 500;

/** Looks at the statistics of a call, from time to time and when asked. */
export class StatisticsSampler {
    #environment;
    #intervalMs;
    #connection;
    #sampled;
    #timer = null;
    #running = false;
    /** The last look, and at which connection it was. */
    #last = { connection: null, look: null };

    /**
     * @param {object} options
     * @param {import("../environment.js").Environment} options.environment
     * @param {number} options.intervalMs
     * @param {() => RTCPeerConnection | null} options.connection - the one in use
     * @param {(statistics: import("../types/media.js").CallStatistics) => void} options.sampled
     */
    constructor({ environment, intervalMs, connection, sampled }) {
        this.#environment = environment;
        this.#intervalMs = Math.max(SHORTEST_INTERVAL_MS, intervalMs);
        this.#connection = connection;
        this.#sampled = sampled;
    }

    start() {
        if (this.#running) return;
        this.#running = true;
        this.#arm();
    }

    stop() {
        this.#running = false;
        this.#environment.clearTimeout(this.#timer);
    }

    /** @returns {Promise<import("../types/media.js").CallStatistics | null>} null without a connection */
    async look() {
        const connection = this.#connection();
        if (!connection?.getStats) return null;
        const report = await connection.getStats();
        const before = this.#last.connection === connection ? this.#last.look : null;
        const look = summarise(report.entries(), before, this.#environment.now());
        this.#last = { connection, look };
        return look.statistics;
    }

    #arm() {
        this.#timer = this.#environment.setTimeout(async () => {
            // A connection that is just being closed has nothing to tell.
            const statistics = await this.look().catch(() => null);
            if (!this.#running) return;
            if (statistics) this.#sampled(statistics);
            if (this.#running) this.#arm();
        }, this.#intervalMs);
    }
}
