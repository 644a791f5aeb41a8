/**
 * @typedef {object} OutboxEntry
 * @property {number} number - dense from 1
 * @property {object} message - the wire message, never changed once it has its number
 * @property {number} requestedAt - when the application asked for it, in milliseconds of the driver's clock
 * @property {boolean} stored - whether it is in storage; only then may it leave
 */

/**
 * The sends of one conversation that the server has not accepted yet.
 *
 * A message keeps its number for ever: the server recognises a repeated number and answers it again without effect, so
 * that resending is always safe. Pure: it holds state and answers what may be transmitted now.
 */
export class Outbox {
    /** Highest number that the server has accepted; everything up to it is gone from here. */
    accepted = 0;
    /** While true nothing is transmitted: the server asked to try again later. */
    paused = false;
    /** Temporary refusals in a row, since the last progress. */
    refusals = 0;

    /** @type {Map<number, OutboxEntry>} */
    #entries = new Map();
    #nextNumber;
    /** Highest number transmitted on the present connection. */
    #transmitted = 0;

    /**
     * @param {object} [restored]
     * @param {number} [restored.nextNumber] - the number that the next message gets
     * @param {OutboxEntry[]} [restored.entries] - sends found in storage
     */
    constructor({ nextNumber = 1, entries = [] } = {}) {
        this.#nextNumber = nextNumber;
        for (const entry of [...entries].sort((left, right) => left.number - right.number)) {
            this.#entries.set(entry.number, { ...entry, stored: true });
            this.#nextNumber = Math.max(this.#nextNumber, entry.number + 1);
        }
        this.accepted = (this.lowest ?? this.#nextNumber) - 1;
        this.#transmitted = this.accepted;
    }

    get size() {
        return this.#entries.size;
    }

    get nextNumber() {
        return this.#nextNumber;
    }

    /** The lowest number not accepted yet; undefined if there is none. */
    get lowest() {
        return this.#entries.keys().next().value;
    }

    /** @returns {IterableIterator<OutboxEntry>} in the order of numbers */
    entries() {
        return this.#entries.values();
    }

    /** Gives the message its number and keeps it. */
    append(message, requestedAt) {
        const entry = { number: this.#nextNumber, message, requestedAt, stored: false };
        this.#nextNumber += 1;
        this.#entries.set(entry.number, entry);
        return entry;
    }

    markStored(number) {
        const entry = this.#entries.get(number);
        if (entry) entry.stored = true;
    }

    /**
     * The server has committed everything up to `number`.
     * @returns {OutboxEntry[]} the entries that this settled
     */
    acceptThrough(number) {
        const settled = [];
        for (const entry of this.#entries.values()) {
            if (entry.number > number) break;
            settled.push(entry);
        }
        for (const entry of settled) this.#entries.delete(entry.number);
        if (number > this.accepted) {
            this.accepted = number;
            this.refusals = 0;
            // The server may know of more than our storage kept: a number is never given twice.
            this.#nextNumber = Math.max(this.#nextNumber, number + 1);
        }
        this.#transmitted = Math.max(this.#transmitted, this.accepted);
        return settled;
    }

    /** Everything from `number` on is to be transmitted again. */
    rewind(number) {
        this.#transmitted = Math.max(this.accepted, Math.min(this.#transmitted, number - 1));
    }

    /** A new connection knows nothing of what an older one transmitted. */
    rewindAll() {
        this.#transmitted = this.accepted;
        this.paused = false;
    }

    clear() {
        this.#entries.clear();
        this.accepted = this.#nextNumber - 1;
        this.#transmitted = this.accepted;
    }

    /**
     * The entries to transmit now, in order of numbers; they count as transmitted from here on.
     *
     * It stops at the first one that is not in storage yet: a number that had left without being stored could be given
     * to another message after a crash.
     * @param {number} window - how many may be unaccepted at once
     */
    takeTransmittable(window) {
        const taken = [];
        if (this.paused) return taken;
        for (let number = this.#transmitted + 1; number <= this.accepted + window; number += 1) {
            const entry = this.#entries.get(number);
            if (!entry?.stored) break;
            taken.push(entry);
            this.#transmitted = number;
        }
        return taken;
    }
}
