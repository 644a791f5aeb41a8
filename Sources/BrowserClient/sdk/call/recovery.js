/** Delays of the recovery of lost media, in milliseconds. */
export const defaultRecovery = Object.freeze({
    /** The caller restarts first, the callee if that did not help: two restarts at once would only meet. */
    callerRestartMs: 1_500,
    calleeRestartMs: 5_000,
    /** Without media for so long, the call is given up. */
    giveUpMs: 30_000,
});

/**
 * What to do when packets stop passing: wait a moment (many losses heal by themselves), restart ICE, at last give up.
 */
export class MediaRecovery {
    #environment;
    #role;
    #delays;
    #restart;
    #giveUp;
    #timers = [];

    /**
     * @param {object} options
     * @param {import("../environment.js").Environment} options.environment
     * @param {"caller" | "callee"} options.role
     * @param {() => void} options.restart
     * @param {() => void} options.giveUp
     * @param {typeof defaultRecovery} [options.delays]
     */
    constructor({ environment, role, restart, giveUp, delays = defaultRecovery }) {
        this.#environment = environment;
        this.#role = role;
        this.#restart = restart;
        this.#giveUp = giveUp;
        this.#delays = delays;
    }

    /** @param {{ atOnce: boolean }} options - true if the browser has given up by itself */
    mediaLost({ atOnce }) {
        this.mediaConnected();
        const { callerRestartMs, calleeRestartMs, giveUpMs } = this.#delays;
        const patience = this.#role === "caller" ? (atOnce ? 0 : callerRestartMs) : calleeRestartMs;
        this.#timers = [
            this.#environment.setTimeout(this.#restart, patience),
            this.#environment.setTimeout(this.#giveUp, giveUpMs),
        ];
    }

    mediaConnected() {
        for (const timer of this.#timers) this.#environment.clearTimeout(timer);
        this.#timers = [];
    }
}
