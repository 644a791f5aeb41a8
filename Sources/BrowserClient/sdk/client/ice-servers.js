/** What has come so recently need not be asked for again; the server answers once in five seconds. */
const FRESH_MS = 5_000;
/** A dead connection cannot answer: whoever waits goes on with what there is. */
const PATIENCE_MS = 2_000;

/** STUN and TURN servers, as the server has told them last; their credentials are good for a while only. */
export class IceServers {
    /** @type {RTCIceServer[]} */
    list = [];
    #environment;
    #request;
    #changed;
    #receivedAt = -Infinity;
    /** @type {(() => void)[]} of those who wait for fresh ones */
    #waiting = [];

    /**
     * @param {object} options
     * @param {import("../environment.js").Environment} options.environment
     * @param {() => void} options.request - asks the server, if there is a connection
     * @param {(list: RTCIceServer[]) => void} options.changed
     */
    constructor({ environment, request, changed }) {
        this.#environment = environment;
        this.#request = request;
        this.#changed = changed;
    }

    /** @param {object[]} iceServers - the wire's, of `welcome` or of an `iceServers` frame */
    received(iceServers = []) {
        this.list = iceServers.map(({ urls, username, credential }) =>
            username ? { urls, username, credential } : { urls });
        this.#receivedAt = this.#environment.now();
        this.#changed(this.list);
        const waiting = this.#waiting;
        this.#waiting = [];
        for (const go of waiting) go();
    }

    /** @returns {Promise<void>} settled when they are fresh, or cannot be had now */
    fresh() {
        if (this.#environment.now() - this.#receivedAt < FRESH_MS) return Promise.resolve();
        return new Promise((resolve) => {
            const timer = this.#environment.setTimeout(() => {
                this.#waiting = [];
                resolve();
            }, PATIENCE_MS);
            this.#waiting.push(() => {
                this.#environment.clearTimeout(timer);
                resolve();
            });
            if (this.#waiting.length === 1) this.#request();
        });
    }
}
