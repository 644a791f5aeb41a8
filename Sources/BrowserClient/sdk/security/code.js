import { securityEmoji } from "./emoji.js";

const LABEL = "switchboard security code v1";
/** Pictures in a code: 5 are 40 bits, of which nobody can try many, since each try is a call. */
const LENGTH = 5;
export const NONCE_BYTES = 16;

/**
 * What the caller promises before it knows the callee's number: SHA-256 of its own number and its certificate.
 * @param {Uint8Array} nonce
 * @param {Uint8Array} fingerprint - of the caller's certificate
 */
export async function commitment(nonce, fingerprint) {
    return digest(joined(nonce, fingerprint));
}

/**
 * The code that both people see. A is the caller of the call, B the callee, whoever made the offer.
 * @param {object} parts
 * @param {string} parts.call - the call id, as on the wire: 36 characters in lower case
 * @param {Uint8Array} parts.fingerprintA
 * @param {Uint8Array} parts.fingerprintB
 * @param {Uint8Array} parts.nonceA
 * @param {Uint8Array} parts.nonceB
 * @returns {Promise<import("../types/media.js").SecurityEmoji[]>}
 */
export async function securityCode({ call, fingerprintA, fingerprintB, nonceA, nonceB }) {
    const text = new TextEncoder();
    const label = joined(text.encode(LABEL), new Uint8Array(1), text.encode(call.toLowerCase()));
    const bytes = await digest(joined(label, fingerprintA, fingerprintB, nonceA, nonceB));
    return Array.from(bytes.subarray(0, LENGTH), (byte) => securityEmoji[byte]);
}

/** Whether this page may compute codes: WebCrypto exists in secure contexts only. */
export function canComputeCodes() {
    return Boolean(globalThis.crypto?.subtle);
}

/** @returns {Uint8Array} a number that nobody can guess */
export function randomNonce() {
    return crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
}

/** base64url without padding (RFC 4648 §5). */
export function toBase64url(bytes) {
    return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * @param {string} text
 * @param {number} length - that it must have
 * @returns {Uint8Array | null} null for anything else
 */
export function fromBase64url(text, length) {
    try {
        const decoded = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
        return decoded.length === length ? Uint8Array.from(decoded, (character) => character.charCodeAt(0)) : null;
    } catch {
        return null;
    }
}

/** SHA-256. */
export async function digest(bytes) {
    return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

function joined(...parts) {
    const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
    let at = 0;
    for (const part of parts) {
        all.set(part, at);
        at += part.length;
    }
    return all;
}
