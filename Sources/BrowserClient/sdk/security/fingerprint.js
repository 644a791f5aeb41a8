const LINE = /^a=fingerprint:sha-256[ \t]+((?:[0-9a-f]{2}:){31}[0-9a-f]{2})[ \t]*$/gim;
/** Any of them, to see whether there are media without a certificate that we can name. */
const ANY_LINE = /^a=fingerprint:/gim;

/**
 * The SHA-256 fingerprint of the DTLS certificate that a description names (RFC 8122 §5).
 *
 * Media sections may each name one. With several different ones it could not be said which is in use, and a code would
 * speak of one while media is sealed with another: such a description has none.
 * @param {string | undefined} sdp
 * @returns {Uint8Array | null} 32 bytes
 */
export function fingerprintOf(sdp) {
    if (!sdp) return null;
    const found = new Set(Array.from(sdp.matchAll(LINE), ([, digits]) => digits.toUpperCase()));
    const all = sdp.match(ANY_LINE)?.length ?? 0;
    const known = sdp.match(LINE)?.length ?? 0;
    if (found.size !== 1 || all !== known) return null;
    const [digits] = found;
    return Uint8Array.from(digits.split(":"), (pair) => Number.parseInt(pair, 16));
}

/**
 * @param {Uint8Array | null} left
 * @param {Uint8Array | null} right
 */
export function sameBytes(left, right) {
    if (!left || !right || left.length !== right.length) return false;
    return left.every((byte, index) => byte === right[index]);
}
