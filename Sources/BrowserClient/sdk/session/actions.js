/**
 * What a `SessionMachine` asks its driver to do, in the order given.
 *
 * Two promises go with them. A `store` must have been completed (input `sendStored`) before that message may leave:
 * the machine asks for its `transmit` only then. A `deliver` must have been handed to the application before the driver
 * gives the machine its next input: acknowledgements leave only after that.
 *
 * @typedef {
 *   | { type: "openSocket", connection: number }
 *   | { type: "closeSocket", code: number, reason: string }
 *   | { type: "transmit", frame: object, requestedAt?: number }
 *   | { type: "setTimer", timer: string, ms: number, jitter?: boolean }
 *   | { type: "clearTimer", timer: string }
 *   | { type: "store", conversation: string, entry: import("./outbox.js").OutboxEntry, nextNumber: number }
 *   | { type: "removeStored", conversation: string, through: number }
 *   | { type: "storeCursor", conversation: string, received: number, nextNumber: number }
 *   | { type: "forget", conversation: string }
 *   | { type: "phaseChanged", phase: Phase, reason?: string, retryInMs?: number }
 *   | { type: "welcomed", welcome: object }
 *   | { type: "synchronised", missing: string[] }
 *   | { type: "deliver", deliver: object }
 *   | { type: "snapshot", snapshot: object }
 *   | { type: "accepted", conversation: string, number: number, messages: object[] }
 *   | { type: "refused", conversation: string, number: number, name: string, advice: string, message?: object }
 *   | { type: "conversationUnknown", conversation: string }
 *   | { type: "connectionError", name: string, advice: string }
 *   | { type: "iceServers", iceServers: object[] }
 * } Action
 *
 * `setTimer` replaces a timer of the same name. With `jitter` the driver draws the delay evenly from [0, ms].
 */

/**
 * The life of a connection. `idle` before the first start, `stopped` when only the application can go on.
 * @typedef {"idle" | "opening" | "greeting" | "synchronising" | "ready" | "waiting" | "stopped"} Phase
 */

export const Phase = Object.freeze({
    idle: "idle",
    /** A token is fetched and the socket is opened. */
    opening: "opening",
    /** `hello` has been sent. */
    greeting: "greeting",
    /** `welcome` came: messages flow, what had been waiting is on its way. */
    synchronising: "synchronising",
    /** `sync_complete` came: what this client knows is what the cluster knows. */
    ready: "ready",
    /** The connection is lost; another is made after a delay. */
    waiting: "waiting",
    stopped: "stopped",
});
