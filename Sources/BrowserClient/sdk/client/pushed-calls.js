/** A socket that stands brings an invite sooner than any push; after this time the call is over. */
const PATIENCE_MS = 5_000;

/** Calls that a push has told of, until it is known whether they still stand. */
export class PushedCalls {
    #environment;
    #find;
    #isSynchronised;
    #name;
    /** @type {Map<string, { promise: Promise<object | null>, settle: (call: object | null) => void }>} */
    #waiting = new Map();

    /**
     * @param {object} options
     * @param {import("../environment.js").Environment} options.environment
     * @param {(id: string) => import("../call/call.js").Call | null | undefined} options.find - null: it has ended;
     *     undefined: nothing is known of it
     * @param {() => boolean} options.isSynchronised
     * @param {(id: string) => void} options.name - asks the server for it with the next connection
     */
    constructor({ environment, find, isSynchronised, name }) {
        this.#environment = environment;
        this.#find = find;
        this.#isSynchronised = isSynchronised;
        this.#name = name;
    }

    /** Ids of those of which nothing is known yet. */
    get waiting() {
        return [...this.#waiting.keys()];
    }

    /**
     * @param {import("../types/push.js").PushPayload} payload
     * @returns {Promise<import("../call/call.js").Call | null>}
     */
    pushed({ type, conversation }) {
        const found = this.#find(conversation);
        if (found !== undefined || type === "cancel") return Promise.resolve(found ?? null);
        const before = this.#waiting.get(conversation);
        if (before) return before.promise;
        let settle;
        const promise = new Promise((resolve) => (settle = resolve));
        this.#waiting.set(conversation, { promise, settle });
        if (this.#isSynchronised()) this.#giveUpLater(conversation);
        else this.#name(conversation);
        return promise;
    }

    /** Something was heard of a call; the ones that wait look again. */
    heard(id) {
        const found = this.#waiting.has(id) ? this.#find(id) : undefined;
        if (found !== undefined) this.#settle(id, found);
    }

    /** The server knows nothing of it. */
    unknown(id) {
        this.#settle(id, null);
    }

    /** @param {string[]} missing - of which nothing is known yet */
    synchronised(missing) {
        for (const id of this.waiting) {
            if (missing.includes(id)) this.#giveUpLater(id);
            else this.#settle(id, this.#find(id) ?? null);
        }
    }

    #giveUpLater(id) {
        this.#environment.setTimeout(() => this.#settle(id, null), PATIENCE_MS);
    }

    #settle(id, call) {
        this.#waiting.get(id)?.settle(call);
        this.#waiting.delete(id);
    }
}
