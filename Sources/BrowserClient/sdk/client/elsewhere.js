/**
 * The calls of this user that go on on another of his devices, as far as the server has told.
 *
 * @typedef {import("../index.js").CallElsewhere & { session: number }} Entry - `session`: the highest that is known of
 *     the call; whoever takes it over begins with a higher one
 */
export class Elsewhere {
    /** @type {Map<string, Entry>} */
    #entries = new Map();
    #changed;

    /** @param {(calls: import("../index.js").CallElsewhere[]) => void} changed */
    constructor(changed) {
        this.#changed = changed;
    }

    /** @returns {import("../index.js").CallElsewhere[]} */
    get calls() {
        return [...this.#entries.values()].map(({ callId, device, peer, role, media }) =>
            ({ callId, device, peer, role, media }));
    }

    has(id) {
        return this.#entries.has(id);
    }

    /** @returns {Entry | undefined} */
    get(id) {
        return this.#entries.get(id);
    }

    /**
     * Another device has the call.
     * @param {string} id
     * @param {Partial<Entry> & { device: string }} told - what is absent stays as it was
     */
    active(id, { device, peer, role, media, session }) {
        const known = this.#entries.get(id);
        this.#entries.set(id, {
            callId: id,
            device,
            peer: peer ?? known?.peer ?? null,
            role: role ?? known?.role ?? "caller",
            media: media ?? known?.media ?? null,
            session: Math.max(session ?? 0, known?.session ?? 0),
        });
        if (!known || known.device !== device) this.#changed(this.calls);
    }

    /** It is over, or this device has it now. */
    over(id) {
        if (this.#entries.delete(id)) this.#changed(this.calls);
    }
}
