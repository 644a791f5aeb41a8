/** The message is larger than the server takes; it was given no number and not sent. */
export class MessageTooLargeError extends Error {
    constructor(bytes, limit) {
        super(`The message has ${bytes} bytes, the server takes ${limit}: make it smaller.`);
        this.name = "MessageTooLargeError";
    }
}

/** Too many messages of this call wait for the server's acknowledgement; this one was given no number and not sent. */
export class OutboxFullError extends Error {
    constructor(limit) {
        super(`${limit} messages of this call wait for the server already: wait until it accepts some, or hang up.`);
        this.name = "OutboxFullError";
    }
}
