/**
 * When each step of a call came, in milliseconds since it began on this device: with the caller, when the user asked
 * for the call; with the callee, when the invite was delivered. A step counts once, the first time.
 *
 * @typedef {object} Timings
 * @property {number} [invited] - the invite was handed to the outbox (caller) or delivered (callee)
 * @property {number} [accepted] - the server has committed the invite
 * @property {number} [offerSent] - the offer (caller) or the prepared answer (callee) was handed to the outbox
 * @property {number} [ringing] - the first device rings
 * @property {number} [pickedUp] - the user picked up (callee)
 * @property {number} [selected] - the server has decided which device answered
 * @property {number} [prepared] - the peer's description and its first candidates are in hand
 * @property {number} [iceConnected] - packets pass between the two devices
 * @property {number} [firstFrame] - the application has drawn the first frame of the peer's video
 * @property {number} [ended] - the call is over on this device
 */

/** The steps, in the order in which they are expected. */
export const timingSteps = Object.freeze([
    "invited", "accepted", "offerSent", "ringing", "pickedUp", "selected", "prepared", "iceConnected", "firstFrame",
    "ended",
]);

/** Records the steps of one call. */
export class CallTimings {
    #now;
    #origin;
    /** @type {Timings} */
    values = {};

    /** @param {() => number} now - milliseconds, never jumping */
    constructor(now) {
        this.#now = now;
        this.#origin = now();
    }

    /** @returns {boolean} false if the step had come already */
    mark(step) {
        if (this.values[step] !== undefined) return false;
        this.values[step] = this.#now() - this.#origin;
        return true;
    }
}
