/**
 * @typedef {"inviting" | "ringing" | "connecting" | "active" | "reconnecting" | "ended"} CallPhase
 */

/** Where a call stands, as one side sees it. */
export const CallPhase = Object.freeze({
    /** The caller's only: nobody rings yet. */
    inviting: "inviting",
    ringing: "ringing",
    /** Picked up; the media is on its way. */
    connecting: "connecting",
    active: "active",
    /** The media is lost for the moment. */
    reconnecting: "reconnecting",
    ended: "ended",
});

/**
 * The rules of one call on one device, without media and without a wire: which message may be sent in which phase, and
 * what a message from the server changes. Pure.
 *
 * `ended` is absorbing: what comes after it lawfully (messages that crossed) changes nothing.
 */
export class CallState {
    /** @type {CallPhase} */
    phase;
    /** Why it ended, by the protocol's names; undefined while it goes on. */
    reason;
    /** Whether the server has selected this device and the peer's. */
    selected = false;
    /** Whether this device wants the call from another one, and has no part in it yet. */
    takingOver = false;

    /** @param {"caller" | "callee"} role */
    constructor(role) {
        this.role = role;
        this.phase = role === "caller" ? CallPhase.inviting : CallPhase.ringing;
    }

    /** Of a device that fetches the call from another one of its user. */
    static takingOver(role) {
        const state = new CallState(role);
        state.phase = CallPhase.connecting;
        state.takingOver = true;
        return state;
    }

    /**
     * Of a page that was loaded anew.
     * @param {"caller" | "callee"} role
     * @param {{ pickedUp: boolean, selected: boolean, wasActive: boolean }} past
     */
    static restored(role, { pickedUp, selected, wasActive }) {
        const state = new CallState(role);
        state.selected = selected;
        if (pickedUp || selected) state.phase = wasActive ? CallPhase.reconnecting : CallPhase.connecting;
        return state;
    }

    /** Whether a user has picked up, here or (as far as is known) at the other end. */
    get pickedUp() {
        return this.phase !== CallPhase.inviting && this.phase !== CallPhase.ringing;
    }

    get ended() {
        return this.phase === CallPhase.ended;
    }

    /** @returns {boolean} whether the phase changed; so with all inputs */
    ringingReceived() {
        return this.phase === CallPhase.inviting && this.#enter(CallPhase.ringing);
    }

    acceptRequested() {
        return this.role === "callee" && this.phase === CallPhase.ringing && this.#enter(CallPhase.connecting);
    }

    selectedReceived() {
        if (this.ended) return false;
        this.selected = true;
        this.takingOver = false;
        return !this.pickedUp && this.#enter(CallPhase.connecting);
    }

    mediaConnected() {
        const awaited = this.phase === CallPhase.connecting || this.phase === CallPhase.reconnecting;
        return awaited && this.#enter(CallPhase.active);
    }

    mediaLost() {
        return this.phase === CallPhase.active && this.#enter(CallPhase.reconnecting);
    }

    endedReceived(reason) {
        if (this.ended) return false;
        this.reason = reason;
        return this.#enter(CallPhase.ended);
    }

    /**
     * The user ends the call: the message that says so depends on how far it got.
     * @param {string} reason - of a hangup
     * @returns {object | null} the wire message; null if the call has ended already
     */
    hangUp(reason) {
        if (this.ended) return null;
        if (this.pickedUp) {
            this.endedReceived(reason);
            return { hangup: { reason } };
        }
        this.endedReceived(this.role === "caller" ? "cancelled" : "declined");
        return this.role === "caller" ? { cancel: {} } : { reject: {} };
    }

    #enter(phase) {
        this.phase = phase;
        return true;
    }
}
