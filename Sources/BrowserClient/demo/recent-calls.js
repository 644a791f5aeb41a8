import { missed } from "./words.js";

const KEPT = 20;

/**
 * @typedef {object} RecentCall
 * @property {string} id
 * @property {string} peer
 * @property {"caller" | "callee"} role
 * @property {string} reason
 * @property {boolean} missed
 * @property {number} startedAt - milliseconds since 1970
 * @property {number | null} talkedMs - null: nobody talked
 * @property {boolean} video
 */

/** The calls that ended on this device, newest first. A device is a tab, and so they are kept in the tab's storage. */
export class RecentCalls {
    #key;
    #calls;

    /** @param {string} user */
    constructor(user) {
        this.#key = `switchboard.recent.${user}`;
        this.#calls = JSON.parse(sessionStorage.getItem(this.#key) ?? "[]");
    }

    /** @returns {RecentCall[]} */
    get all() {
        return this.#calls;
    }

    /** @param {import("../sdk/index.js").Call} call - that has ended */
    add(call) {
        const { id, peer, role, media, startedAt, activeSince } = call;
        const talkedMs = activeSince === null ? null : Date.now() - activeSince;
        const entry = { id, peer, role, reason: call.endReason, missed: missed(call), startedAt, talkedMs };
        this.#calls = [{ ...entry, video: media.video }, ...this.#calls].slice(0, KEPT);
        sessionStorage.setItem(this.#key, JSON.stringify(this.#calls));
    }
}
