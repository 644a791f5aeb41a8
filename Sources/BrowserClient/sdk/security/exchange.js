import { canComputeCodes } from "./code.js";
import { SecurityRound } from "./round.js";

/** Rounds kept at once: of the peer connection in use, of its successor, and what may have crossed with them. */
const ROUNDS_KEPT = 4;

const explanations = {
    security_mismatch: "What the peer has said does not fit what it has promised: somebody may be between.",
    security_fingerprint: "The peer's certificate is not the one that was announced: somebody may be between.",
    security_unavailable: "There is no WebCrypto, so there is no security code: serve the page by https.",
};

/**
 * The security code of a call: one round for each of its peer connections, of which the one in use counts.
 */
export class SecurityExchange {
    /** @type {"unavailable" | "pending" | "ready" | "failed"} */
    state = "unavailable";
    /** @type {import("../types/media.js").SecurityEmoji[] | null} */
    code = null;

    #call;
    #role;
    #hooks;
    /** @type {Map<number, SecurityRound>} by session */
    #rounds = new Map();
    #session = 0;
    #selected = false;
    #closed = false;

    /**
     * @param {object} options
     * @param {string} options.call - id
     * @param {"caller" | "callee"} options.role
     * @param {object} options.hooks
     * @param {(message: object) => void} options.hooks.send
     * @param {(state: string, code: object[] | null) => void} options.hooks.changed
     * @param {(problem: { name: string, message: string }) => void} options.hooks.problem
     */
    constructor({ call, role, hooks }) {
        this.#call = call;
        this.#role = role;
        this.#hooks = hooks;
    }

    /** Messages of this session's round may leave. (Those of a handover wait until it has come about.) */
    start(session) {
        this.#round(session)?.start();
    }

    /** This session's media is what the two people see and hear. */
    switchedTo(session) {
        this.#session = session;
        for (const older of [...this.#rounds.keys()].filter((key) => key < session)) this.#rounds.delete(older);
        this.start(session);
        this.#refresh();
    }

    selected() {
        if (this.#selected) return;
        this.#selected = true;
        for (const round of this.#rounds.values()) round.selected();
        if (!canComputeCodes()) this.#tell("security_unavailable");
        this.#refresh();
    }

    localDescribed(session, sdp) {
        this.#round(session)?.localDescribed(sdp);
    }

    remoteDescribed(session, sdp) {
        this.#round(session)?.remoteDescribed(sdp);
    }

    /** @param {{ step: string, value: string, session?: number }} message - the wire's */
    messageReceived(message) {
        this.#round(message.session ?? 0)?.messageReceived(message);
    }

    /** @param {Uint8Array[] | null} certificates - see `SecurityRound` */
    secured(session, certificates) {
        this.#round(session)?.secured(certificates);
    }

    /** Settled when all that has come in so far is dealt with. */
    async idle() {
        await Promise.all([...this.#rounds.values()].map((round) => round.idle));
    }

    close() {
        this.#closed = true;
        this.#rounds.clear();
    }

    // ---------------------------------------------------------------------------------------------- inside

    /** @returns {SecurityRound | undefined} undefined for a session that is past */
    #round(session) {
        if (this.#closed || session < this.#session) return undefined;
        const found = this.#rounds.get(session);
        if (found) return found;
        const round = new SecurityRound({
            call: this.#call,
            session,
            role: this.#role,
            hooks: { send: (message) => !this.#closed && this.#hooks.send(message), changed: () => this.#refresh() },
        });
        if (this.#selected) round.selected();
        this.#rounds.set(session, round);
        // A peer that names many sessions makes us forget its own first ones, never the one in use.
        const spare = [...this.#rounds.keys()].filter((key) => key !== this.#session && key !== session);
        if (this.#rounds.size > ROUNDS_KEPT) this.#rounds.delete(spare[0]);
        return round;
    }

    #refresh() {
        if (this.#closed) return;
        const round = this.#rounds.get(this.#session);
        const state = this.#stateOf(round);
        const code = state === "ready" ? round.code : null;
        if (state === this.state && code === this.code) return;
        this.state = state;
        this.code = code;
        if (state === "failed") this.#tell(round.failure);
        this.#hooks.changed(state, code);
    }

    #stateOf(round) {
        if (!round || !this.#selected) return "unavailable";
        if (round.failure) return "failed";
        if (round.code) return "ready";
        return round.joined ? "pending" : "unavailable";
    }

    #tell(name) {
        this.#hooks.problem({ name, message: explanations[name] });
    }
}
