import {
    canComputeCodes, commitment, fromBase64url, NONCE_BYTES, randomNonce, securityCode, toBase64url,
} from "./code.js";
import { fingerprintOf, sameBytes } from "./fingerprint.js";

const DIGEST_BYTES = 32;

/**
 * The exchange on one peer connection of a call, from one end.
 *
 * A, the caller, commits to a number and its certificate; B, the callee, then tells its number; A reveals. So neither
 * end, nor anybody between, can choose its part after it has seen the other's: a forged code is a single guess. The
 * order is what counts: B tells nothing before it has a commitment, A nothing before it has B's number and certificate,
 * and only the first of each is taken.
 *
 * Inputs may come in any order; each is dealt with before the next.
 */
export class SecurityRound {
    /** Whether the peer has shown that it takes part. */
    joined = false;
    /** @type {import("../types/media.js").SecurityEmoji[] | null} made, and sealed by the connection that stands */
    code = null;
    /** @type {string | null} name of the problem that ended it */
    failure = null;

    #call;
    #session;
    #isCaller;
    #hooks;
    #nonce = randomNonce();
    #started = false;
    #selected = false;
    #sent = new Set();
    /** @type {Uint8Array | null} */
    #localFingerprint = null;
    /** @type {Uint8Array | null} */
    #remoteFingerprint = null;
    /** B's: what A has promised. */
    #commitment = null;
    #peerNonce = null;
    #computed = null;
    /** Whether the connection stands, with the certificate that its description names. */
    #sealed = false;
    #work = Promise.resolve();

    /**
     * @param {object} options
     * @param {string} options.call - id
     * @param {number} options.session
     * @param {"caller" | "callee"} options.role - of this end's user in the call, whoever makes the offer
     * @param {{ send: (message: object) => void, changed: () => void }} options.hooks
     */
    constructor({ call, session, role, hooks }) {
        this.#call = call;
        this.#session = session;
        this.#isCaller = role === "caller";
        this.#hooks = hooks;
    }

    /** @returns {Promise<void>} settled when all that has come in so far is dealt with */
    get idle() {
        return this.#work;
    }

    /** Its messages may leave from now on. */
    start() {
        return this.#enqueue(() => {
            this.#started = true;
        });
    }

    /** The call is picked up: the peer is one device, and it is known. */
    selected() {
        return this.#enqueue(() => {
            this.#selected = true;
        });
    }

    /** @param {string} sdp - of a description of ours that counts */
    localDescribed(sdp) {
        return this.#enqueue(() => this.#described("local", sdp));
    }

    /** @param {string} sdp - of a description of the peer's that was applied */
    remoteDescribed(sdp) {
        return this.#enqueue(() => this.#described("remote", sdp));
    }

    /** @param {{ step: string, value: string }} message - the wire's */
    messageReceived({ step, value = "" }) {
        return this.#enqueue(() => this.#take(step, value));
    }

    /**
     * Media is encrypted now.
     * @param {Uint8Array[] | null} certificates - SHA-256 of those that the peer has shown; null if it is not known
     */
    secured(certificates) {
        return this.#enqueue(() => {
            if (!this.#remoteFingerprint) return;
            const asDescribed = (certificates ?? []).every((digest) => sameBytes(digest, this.#remoteFingerprint));
            if (!asDescribed) this.#fail("security_fingerprint");
            this.#sealed = asDescribed;
        });
    }

    // ---------------------------------------------------------------------------------------------- inside

    #enqueue(input) {
        this.#work = this.#work.then(async () => {
            if (this.failure || !canComputeCodes()) return;
            const before = this.#summary;
            await input();
            if (!this.failure) await this.#advance();
            if (this.#summary !== before) this.#hooks.changed();
        });
        return this.#work;
    }

    get #summary() {
        return `${this.joined} ${this.failure} ${this.code !== null}`;
    }

    #described(end, sdp) {
        const fingerprint = fingerprintOf(sdp);
        const known = end === "local" ? this.#localFingerprint : this.#remoteFingerprint;
        if (known && !sameBytes(known, fingerprint)) return this.#fail("security_fingerprint");
        if (end === "local") this.#localFingerprint = fingerprint;
        else this.#remoteFingerprint = fingerprint;
        // A revised offer while it rings: what the server held from this device is dropped with the answer before.
        if (end === "local" && !this.#selected) this.#sent.delete("nonce");
        return undefined;
    }

    #take(step, value) {
        if (step === "commit" && !this.#isCaller) {
            this.#commitment ??= fromBase64url(value, DIGEST_BYTES);
            this.joined ||= this.#commitment !== null;
            return undefined;
        }
        if (step === "nonce" && this.#isCaller) {
            // Before our commitment nobody can lawfully have answered it.
            if (!this.#sent.has("commit")) return this.#fail("security_mismatch");
            this.#peerNonce ??= fromBase64url(value, NONCE_BYTES);
            this.joined ||= this.#peerNonce !== null;
            return undefined;
        }
        if (step === "reveal" && !this.#isCaller && !this.#peerNonce) return this.#revealed(value);
        return undefined;
    }

    async #revealed(value) {
        if (!this.#sent.has("nonce")) return this.#fail("security_mismatch");
        const nonce = fromBase64url(value, NONCE_BYTES);
        if (!nonce || !this.#remoteFingerprint) return this.#fail("security_mismatch");
        const promised = await commitment(nonce, this.#remoteFingerprint);
        if (!sameBytes(promised, this.#commitment)) return this.#fail("security_mismatch");
        this.#peerNonce = nonce;
        return undefined;
    }

    async #advance() {
        if (!this.#started) return;
        if (this.#isCaller) await this.#advanceCaller();
        else await this.#advanceCallee();
        if (this.#computed && this.#sealed) this.code = this.#computed;
    }

    async #advanceCaller() {
        if (this.#localFingerprint) {
            await this.#send("commit", () => commitment(this.#nonce, this.#localFingerprint));
        }
        // Nor before B's certificate is settled: whoever knew our number could look for one that makes the same code.
        if (!this.#selected || !this.#peerNonce || !this.#remoteFingerprint) return;
        await this.#send("reveal", () => this.#nonce);
        await this.#compute();
    }

    async #advanceCallee() {
        if (this.#commitment && this.#localFingerprint) await this.#send("nonce", () => this.#nonce);
        if (this.#peerNonce) await this.#compute();
    }

    async #send(step, value) {
        if (this.#sent.has(step)) return;
        this.#sent.add(step);
        this.#hooks.send({ security: { step, value: toBase64url(await value()), session: this.#session } });
    }

    async #compute() {
        const [mine, theirs] = [this.#localFingerprint, this.#remoteFingerprint];
        if (this.#computed || !mine || !theirs) return;
        const [nonce, peerNonce] = [this.#nonce, this.#peerNonce];
        this.#computed = await securityCode({
            call: this.#call,
            fingerprintA: this.#isCaller ? mine : theirs,
            fingerprintB: this.#isCaller ? theirs : mine,
            nonceA: this.#isCaller ? nonce : peerNonce,
            nonceB: this.#isCaller ? peerNonce : nonce,
        });
    }

    #fail(name) {
        this.failure = name;
        this.code = null;
    }
}
