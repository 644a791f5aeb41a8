import { Backoff } from "./backoff.js";
import { Arrival, DeliveryCursor } from "./delivery-cursor.js";
import { MessageTooLargeError, OutboxFullError } from "./errors.js";
import { Outbox } from "./outbox.js";

/**
 * @typedef {import("./actions.js").Action} Action
 * @typedef {object} ConversationQueue
 * @property {string} id
 * @property {Outbox} outbox
 * @property {DeliveryCursor} cursor
 * @property {boolean} known - whether the server has shown that it knows the conversation
 * @property {boolean} ended - nothing is expected any more; kept a while to recognise late deliveries
 * @property {boolean} restored - found in storage, and nothing heard of it yet
 * @property {boolean} wantsSnapshot - the page was loaded anew: not what happened meanwhile is of interest, but how
 *     things stand, also if they are over
 * @property {boolean} pushed - a push has told of it, and nothing else yet
 */

/** Prefix of the timers that end a pause after a temporary refusal. */
export const RETRY_TIMER = "retry:";
/** A cursor beyond anything that was ever sent: it is answered by a snapshot, whatever has become of the call. */
const BEYOND = 2 ** 32 - 1;
/** The timer that sends the coalesced acknowledgements. */
export const ACK_TIMER = "ack";

/**
 * The queues of all conversations of this device, in both directions. Pure; the part of `SessionMachine` that knows
 * numbers, while the other knows sockets.
 */
export class ConversationQueues {
    /** @type {Map<string, ConversationQueue>} in the order of last use */
    #conversations = new Map();
    #settings;
    #limits;
    #retry;
    #connected = false;
    #synchronised = false;

    /**
     * @param {typeof import("./session-machine.js").defaultSettings} settings
     * @param {{ id: string, nextNumber: number, received?: number, wantsSnapshot?: boolean,
     *     sends: import("./outbox.js").OutboxEntry[] }[]} restored
     */
    constructor(settings, restored) {
        this.#settings = settings;
        this.#limits = settings.limits;
        this.#retry = new Backoff({ firstMs: settings.retryFirstMs, maximumMs: settings.retryMaximumMs });
        for (const { id, nextNumber, received, sends, wantsSnapshot = false } of restored) {
            this.#conversations.set(id, {
                ...newQueue(id),
                outbox: new Outbox({ nextNumber, entries: sends }),
                cursor: new DeliveryCursor(received ?? 0),
                known: received !== undefined,
                restored: true,
                wantsSnapshot,
            });
        }
    }

    /** Whether anything waits for acceptance. */
    get waits() {
        for (const queue of this.#conversations.values()) if (queue.outbox.size > 0) return true;
        return false;
    }

    /** What `hello` names: conversations that the server knows and that are not settled, the last used ones. */
    cursors() {
        return [...this.#conversations.values()]
            .filter(({ known, wantsSnapshot, pushed, ended, outbox }) =>
                (known || wantsSnapshot || pushed) && (!ended || outbox.size > 0))
            .slice(-this.#limits.maxConversations)
            .map(({ id, wantsSnapshot, cursor }) =>
                ({ conversation: id, received: wantsSnapshot ? BEYOND : cursor.received }));
    }

    /** Ids of conversations found in storage that still have something to send, with those messages. */
    restoredOutboxes() {
        return [...this.#conversations.values()]
            .filter((queue) => queue.restored && queue.outbox.size > 0)
            .map((queue) => ({ id: queue.id, messages: [...queue.outbox.entries()].map((entry) => entry.message) }));
    }

    /**
     * @param {string} id
     * @param {object} message - of the wire schema
     * @param {number} requestedAt - milliseconds of the driver's clock
     * @param {boolean} urgent - transmit without waiting for storage; only for a page that is about to go away
     * @returns {{ number: number, actions: Action[] }}
     */
    append(id, message, requestedAt, urgent) {
        const bytes = new TextEncoder().encode(JSON.stringify(message)).length;
        if (bytes > this.#limits.maxMessageBytes) throw new MessageTooLargeError(bytes, this.#limits.maxMessageBytes);
        const queue = this.#queue(id);
        if (queue.outbox.size >= this.#settings.maxWaitingMessages) {
            throw new OutboxFullError(this.#settings.maxWaitingMessages);
        }
        // A device that was told the end of its part may take the call over: the conversation lives again.
        if (message.handover) queue.ended = false;
        const entry = queue.outbox.append(message, requestedAt);
        const actions = [{ type: "store", conversation: id, entry, nextNumber: queue.outbox.nextNumber }];
        if (urgent) {
            queue.outbox.markStored(entry.number);
            actions.push(...this.#pump(queue));
        }
        return { number: entry.number, actions };
    }

    /** @returns {Action[]} */
    stored(id, number) {
        const queue = this.#conversations.get(id);
        if (!queue) return [];
        queue.outbox.markStored(number);
        return this.#pump(queue);
    }

    /**
     * `welcome` came: everything that is not accepted goes out again at once, in the order of numbers.
     * @returns {Action[]}
     */
    welcomed(limits) {
        this.#connected = true;
        this.#limits = { ...this.#limits, ...limits };
        const actions = [];
        for (const queue of this.#conversations.values()) {
            if (queue.outbox.paused) actions.push({ type: "clearTimer", timer: RETRY_TIMER + queue.id });
            queue.outbox.rewindAll();
            actions.push(...this.#pump(queue));
        }
        return actions;
    }

    /** @returns {Action[]} */
    disconnected() {
        this.#connected = false;
        this.#synchronised = false;
        const actions = [{ type: "clearTimer", timer: ACK_TIMER }];
        for (const queue of this.#conversations.values()) {
            queue.cursor.disconnected();
            if (queue.outbox.paused) actions.push({ type: "clearTimer", timer: RETRY_TIMER + queue.id });
            queue.outbox.paused = false;
        }
        return actions;
    }

    /**
     * @param {string[]} missing - of which the server could not tell yet
     * @returns {Action[]}
     */
    synchronised(missing) {
        this.#synchronised = true;
        return [...this.#conversations.values()]
            .filter(({ id }) => !missing.includes(id))
            .flatMap((queue) => this.#forgetIfSettled(queue));
    }

    /** @returns {Action[]} */
    accepted({ conversation, number = 0 }) {
        // One that is not known here is one whose memory was lost: its numbers must not be given again.
        if (number === 0 && !this.#conversations.has(conversation)) return [];
        const queue = this.#conversations.get(conversation) ?? this.#queue(conversation);
        queue.known = true;
        const settled = queue.outbox.acceptThrough(number);
        if (settled.length === 0) return [];
        const unpaused = queue.outbox.paused && queue.outbox.size === 0;
        if (unpaused) queue.outbox.paused = false;
        return [
            ...(unpaused ? [{ type: "clearTimer", timer: RETRY_TIMER + queue.id }] : []),
            { type: "accepted", conversation, number, messages: settled.map((entry) => entry.message) },
            { type: "removeStored", conversation, through: number },
            ...this.#pump(queue),
            ...this.#forgetIfSettled(queue),
        ];
    }

    /**
     * @returns {Action[] | null} null if a delivery is missing before this one, which no sound connection does
     */
    delivered(deliver) {
        const queue = this.#queue(deliver.conversation);
        queue.known = true;
        queue.restored = queue.pushed = false;
        const timed = [...this.#conversations.values()].some(({ cursor }) => cursor.unacknowledged > 0);
        const arrival = queue.cursor.arrive(deliver.number ?? 0);
        if (arrival === Arrival.gap) return null;
        const actions = arrival === Arrival.next ? [{ type: "deliver", deliver }] : [];
        if (queue.cursor.unacknowledged >= this.#settings.ackAfterDeliveries) {
            return [...actions, ...this.#acknowledge(queue)];
        }
        if (timed) return actions;
        return [...actions, { type: "setTimer", timer: ACK_TIMER, ms: this.#settings.ackDelayMs }];
    }

    /** @returns {Action[]} */
    acknowledgementsDue() {
        return [...this.#conversations.values()]
            .filter((queue) => queue.cursor.unacknowledged > 0)
            .flatMap((queue) => this.#acknowledge(queue));
    }

    /** @returns {Action[]} */
    snapshotReceived(snapshot) {
        const queue = this.#queue(snapshot.conversation);
        queue.known = true;
        queue.restored = queue.pushed = queue.wantsSnapshot = false;
        queue.cursor.continueAt(snapshot.nextNumber ?? 1);
        return [
            { type: "snapshot", snapshot },
            this.#storeCursor(queue),
        ];
    }

    /**
     * An `error` frame that names a conversation.
     * @returns {Action[]}
     */
    refused(error) {
        const { conversation, number = 0, name, message: advice = "", permanent = false } = error;
        const queue = this.#conversations.get(conversation);
        if (!queue) return [];
        if (name === "not_found") return this.#notFound(queue, error);
        if (!permanent) return this.#pause(queue, number, error);

        const entry = [...queue.outbox.entries()].find((candidate) => candidate.number === number);
        const actions = [
            { type: "refused", conversation, number, name, advice, message: entry?.message },
        ];
        if (name === "number_reused") {
            // No acknowledgement will come for it: the number belongs to something that was sent before.
            actions.push(...this.accepted({ conversation, number }));
        }
        return actions;
    }

    /** @returns {Action[]} */
    retryDue(id) {
        const queue = this.#conversations.get(id);
        if (!queue?.outbox.paused) return [];
        queue.outbox.paused = false;
        return this.#pump(queue);
    }

    /**
     * The application expects nothing more of this conversation; what it has still to send is sent all the same.
     * @returns {Action[]}
     */
    ended(id) {
        const queue = this.#conversations.get(id);
        if (!queue) return [];
        queue.ended = true;
        return [...this.#forgetIfSettled(queue), ...this.#dropOldest()];
    }

    /**
     * Something is expected after all: the call goes on on another device of this user, which may hand it over.
     * @returns {Action[]}
     */
    resumed(id) {
        const queue = this.#queue(id);
        if (!queue.ended) return [];
        queue.ended = false;
        return [this.#storeCursor(queue)];
    }

    /** A push has told of it: the next `hello` asks for it. */
    pushed(id) {
        if (!this.#conversations.has(id)) this.#queue(id).pushed = true;
    }

    /** @returns {ConversationQueue} */
    #queue(id) {
        const queue = this.#conversations.get(id) ?? newQueue(id);
        this.#conversations.delete(id);
        this.#conversations.set(id, queue);
        return queue;
    }

    #pump(queue) {
        if (!this.#connected) return [];
        return queue.outbox.takeTransmittable(this.#limits.maxOutboxMessages).map((entry) => ({
            type: "transmit",
            frame: { send: { conversation: queue.id, number: entry.number, message: entry.message } },
            requestedAt: entry.requestedAt,
        }));
    }

    #acknowledge(queue) {
        queue.cursor.unacknowledged = 0;
        const received = queue.cursor.received;
        const actions = [{ type: "transmit", frame: { ack: { conversation: queue.id, received } } }];
        if (!queue.ended) actions.push(this.#storeCursor(queue));
        return actions;
    }

    #storeCursor(queue) {
        return {
            type: "storeCursor",
            conversation: queue.id,
            received: queue.cursor.received,
            nextNumber: queue.outbox.nextNumber,
        };
    }

    #pause(queue, number, { name, retryAfterMs }) {
        queue.outbox.rewind(number || 1);
        const timer = RETRY_TIMER + queue.id;
        if (queue.outbox.paused) {
            // Those that were sent after it come back as gaps: one pause covers them all.
            return name !== "gap" && retryAfterMs > 0 ? [{ type: "setTimer", timer, ms: retryAfterMs }] : [];
        }
        queue.outbox.paused = true;
        const refusals = queue.outbox.refusals;
        queue.outbox.refusals += 1;
        if (retryAfterMs > 0) return [{ type: "setTimer", timer, ms: retryAfterMs }];
        return [{ type: "setTimer", timer, ms: this.#retry.ceilingMs(refusals), jitter: true }];
    }

    #notFound(queue, { number = 0, retryAfterMs }) {
        const first = queue.outbox.entries().next().value;
        if (first?.message.invite && number !== first.number) {
            // The invite, which makes the conversation known, is not committed yet: what follows it came too early, or
            // the node that had the invite is gone.
            return this.#pause(queue, first.number, { name: "not_found", retryAfterMs });
        }
        // What was on its way behind it is told to be unknown as well.
        if (queue.ended && !queue.known && queue.outbox.size === 0) return [];
        queue.outbox.clear();
        queue.ended = true;
        queue.known = false;
        return [
            { type: "conversationUnknown", conversation: queue.id },
            { type: "clearTimer", timer: RETRY_TIMER + queue.id },
            { type: "forget", conversation: queue.id },
            ...this.#dropOldest(),
        ];
    }

    #forgetIfSettled(queue) {
        if (queue.outbox.size > 0) return [];
        const abandoned = queue.restored && this.#synchronised;
        if (!queue.ended && !abandoned) return [];
        queue.ended = true;
        return [{ type: "forget", conversation: queue.id }];
    }

    /** Ended conversations are kept to recognise late deliveries, but not without bound. */
    #dropOldest() {
        const settled = [...this.#conversations.values()].filter((queue) => queue.ended && queue.outbox.size === 0);
        for (const queue of settled.slice(0, Math.max(0, settled.length - this.#settings.endedKept))) {
            this.#conversations.delete(queue.id);
        }
        return [];
    }
}

/** @returns {ConversationQueue} */
function newQueue(id) {
    return {
        id,
        outbox: new Outbox(),
        cursor: new DeliveryCursor(),
        known: false,
        ended: false,
        restored: false,
        wantsSnapshot: false,
        pushed: false,
    };
}
