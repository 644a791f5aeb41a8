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
        return Arrival.next;
    }

    /** A snapshot stands for all deliveries before `number`. */
    continueAt(number) {
        this.received = Math.max(this.received, number - 1);
    }
}
