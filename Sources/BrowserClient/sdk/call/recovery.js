/** Delays of the recovery of lost media, in milliseconds. */
export const defaultRecovery = Object.freeze({
    /** The caller restarts first, the callee if that did not help: two restarts at once would only meet. */
    callerRestartMs: 1_500,
    calleeRestartMs: 5_000,
    /** For a connection that was prepared on another network to come about all the same. */
    doubtfulMs: 3_000,
    /** From one restart to the next. */
    restartAgainMs: 8_000,
    /** Without media for so long, the call is given up. */
    giveUpMs: 30_000,
});

/**
 * What to do when packets stop passing: wait a moment (many losses heal by themselves), restart ICE, again if that did
 * not help, at last give up.
 */
export class MediaRecovery {
    #environment;
    #role;
    #delays;
    #restart;
    #giveUp;
    #restartTimer = null;
    #giveUpTimer = null;

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
        const { callerRestartMs, calleeRestartMs } = this.#delays;
        const patience = this.#role === "caller" ? (atOnce ? 0 : callerRestartMs) : calleeRestartMs;
        this.#restartAfter(patience);
        this.#armGiveUp();
    }

    /** A connection is on its way that will bring the media; there is nothing to restart yet. */
    mediaAwaited() {
        this.#armGiveUp();
    }

    /** The network is another one since the connection was prepared: it may come about, or need a restart. */
    mediaDoubtful() {
        this.#restartAfter(this.#delays.doubtfulMs);
    }

    mediaConnected() {
        this.#environment.clearTimeout(this.#restartTimer);
        this.#environment.clearTimeout(this.#giveUpTimer);
        this.#restartTimer = this.#giveUpTimer = null;
    }

    #restartAfter(ms) {
        this.#environment.clearTimeout(this.#restartTimer);
        this.#restartTimer = this.#environment.setTimeout(() => {
            this.#restartAfter(this.#delays.restartAgainMs);
            this.#restart();
        }, ms);
    }

    /** Counts from the loss, however the states change meanwhile. */
    #armGiveUp() {
        this.#giveUpTimer ??= this.#environment.setTimeout(() => {
            this.mediaConnected();
            this.#giveUp();
        }, this.#delays.giveUpMs);
    }
}
