/** What became of one delivery: to be handled, known already, or impossible on a sound connection. */
export const Arrival = Object.freeze({ next: "next", duplicate: "duplicate", gap: "gap" });

/**
 * How far this device has received the deliveries of one conversation.
 *
 * The server numbers them densely from 1 for each device and sends them again until they are acknowledged; this tells
 * the new from the repeated, and when to acknowledge.
 */
export class DeliveryCursor {
    /** Deliveries handled or repeated since the last acknowledgement. */
    unacknowledged = 0;
    /** Whether the present connection has brought what `received` says. */
    confirmed = false;

    /** @param {number} [received] - highest contiguous delivery handed to the application */
    constructor(received = 0) {
        this.received = received;
    }

    /**
     * @param {number} number
     * @returns {"next" | "duplicate" | "gap"}
     */
    arrive(number) {
        if (number > this.received + 1) return Arrival.gap;
        // A repeated delivery means that the acknowledgement was lost: it is given again.
        this.unacknowledged += 1;
        if (number <= this.received) return Arrival.duplicate;
        this.received = number;
        this.confirmed = true;
        return Arrival.next;
    }

    /** A new connection: what was not acknowledged is said by its `hello`. */
    disconnected() {
        this.unacknowledged = 0;
        this.confirmed = false;
    }

    /**
     * A snapshot stands for all deliveries before `number`. Backwards, too, for a cursor beyond what the server ever sent;
     * but not behind what this connection has brought, for a new leader may say again what an older one said.
     */
    continueAt(number) {
        this.received = this.confirmed ? Math.max(this.received, number - 1) : number - 1;
        this.confirmed = true;
    }
}
