/**
 * Gathers ICE candidates for a few milliseconds and sends them together: browsers find their first ones in bursts, and
 * each message costs a transaction.
 */
export class CandidateBatcher {
    #candidates = [];
    #timer = null;
    #delayMs;
    #largest;
    #environment;
    #flushed;

    /**
     * @param {object} options
     * @param {import("../environment.js").Environment} options.environment
     * @param {(candidates: object[]) => void} options.flushed - takes candidates in the form of the wire
     * @param {number} [options.delayMs] - how long the first one waits for others
     * @param {number} [options.largest] - candidates in one message at most
     */
    constructor({ environment, flushed, delayMs = 10, largest = 32 }) {
        this.#environment = environment;
        this.#flushed = flushed;
        this.#delayMs = delayMs;
        this.#largest = largest;
    }

    /** @param {RTCIceCandidate | null} candidate - null: there will be no more */
    add(candidate) {
        // The empty string ends the list; in the wire's JSON an empty field is absent.
        this.#candidates.push(candidate?.candidate ? candidateToWire(candidate) : {});
        if (!candidate || this.#candidates.length >= this.#largest) return this.flush();
        this.#timer ??= this.#environment.setTimeout(() => this.flush(), this.#delayMs);
    }

    flush() {
        this.discardTimer();
        const candidates = this.#candidates;
        this.#candidates = [];
        if (candidates.length > 0) this.#flushed(candidates);
    }

    /** Forgets what was gathered. */
    close() {
        this.discardTimer();
        this.#candidates = [];
    }

    discardTimer() {
        this.#environment.clearTimeout(this.#timer);
        this.#timer = null;
    }
}

/** @param {RTCIceCandidate} candidate */
export function candidateToWire(candidate) {
    const wire = { candidate: candidate.candidate };
    if (candidate.sdpMid) wire.sdpMid = candidate.sdpMid;
    if (candidate.sdpMLineIndex) wire.sdpMLineIndex = candidate.sdpMLineIndex;
    if (candidate.usernameFragment) wire.usernameFragment = candidate.usernameFragment;
    return wire;
}

/**
 * @param {object} wire
 * @returns {RTCIceCandidateInit}
 */
export function candidateFromWire(wire) {
    if (!wire.candidate) return { candidate: "" };
    return {
        candidate: wire.candidate,
        sdpMid: wire.sdpMid || null,
        sdpMLineIndex: wire.sdpMLineIndex ?? 0,
        usernameFragment: wire.usernameFragment || null,
    };
}
