/** Networks change in bursts of events; a moment later it is clear where things stand. */
const SETTLE_MS = 300;

/**
 * Notices when the network may be another one, or when the page has slept: everything that was assumed about
 * connections is in doubt then.
 */
export class NetworkWatch {
    #surroundings;
    #environment;
    #hooks;
    #abort = null;
    #timer = null;
    #networkType;

    /**
     * @param {object} options
     * @param {import("../environment.js").Environment} options.environment
     * @param {{ window?: Window, document?: Document, navigator?: Navigator }} [options.surroundings]
     * @param {object} options.hooks
     * @param {() => void} options.hooks.doubtful - the connection to the node may be dead; at once
     * @param {() => void} options.hooks.networkChanged - media may need another path; when things have settled
     */
    constructor({ environment, surroundings = globalThis, hooks }) {
        this.#environment = environment;
        this.#surroundings = surroundings;
        this.#hooks = hooks;
    }

    start() {
        const { window, document, navigator } = this.#surroundings;
        if (this.#abort || !window?.addEventListener || !document) return;
        this.#abort = new AbortController();
        const { signal } = this.#abort;
        window.addEventListener("online", () => this.#changed(), { signal });
        document.addEventListener("visibilitychange", () => {
            if (document.visibilityState === "visible") this.#hooks.doubtful();
        }, { signal });
        this.#networkType = navigator?.connection?.type;
        navigator?.connection?.addEventListener?.("change", () => this.#connectionTypeMayDiffer(), { signal });
    }

    stop() {
        this.#abort?.abort();
        this.#abort = null;
        this.#environment.clearTimeout(this.#timer);
    }

    /** The event also tells of every new estimate of the bitrate, which is no change of the network. */
    #connectionTypeMayDiffer() {
        const { type } = this.#surroundings.navigator.connection;
        if (type === this.#networkType) return;
        this.#networkType = type;
        if (type !== "none") this.#changed();
    }

    #changed() {
        this.#hooks.doubtful();
        this.#environment.clearTimeout(this.#timer);
        this.#timer = this.#environment.setTimeout(() => this.#hooks.networkChanged(), SETTLE_MS);
    }
}
