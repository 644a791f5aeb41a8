/** A token is renewed this long before it expires. */
const MARGIN_MS = 60_000;
const SHORTEST_RETRY_MS = 2_000;

/**
 * How long from now the token should be renewed: a minute before its `exp`, or half-way for short-lived ones.
 *
 * The claim is read, not verified: that is the server's business. With a wrong clock the worst is a reconnect when the
 * server closes an expired connection.
 * @param {string} token - a JWT; anything else is never renewed
 * @param {number} now - milliseconds since 1970
 * @returns {number | null} milliseconds; null if the token says nothing about its end
 */
export function renewalDelayMs(token, now) {
    const expiry = expiryMs(token);
    if (expiry === null || expiry <= now) return null;
    const left = expiry - now;
    // setTimeout takes 31 bits; a token that lives for weeks is renewed by the next connection.
    return Math.min(Math.max(left - MARGIN_MS, left / 2), 2 ** 31 - 1);
}

/**
 * How long to wait after a renewal that failed: ever shorter parts of what is left, but not in a hurry.
 * @param {string} token - that is about to expire
 * @param {number} now - milliseconds since 1970
 * @returns {number | null} milliseconds; null if it is too late
 */
export function retryDelayMs(token, now) {
    const left = (expiryMs(token) ?? 0) - now;
    const delay = Math.max(left / 4, SHORTEST_RETRY_MS);
    return delay < left ? delay : null;
}

function expiryMs(token) {
    try {
        const payload = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
        const { exp } = JSON.parse(atob(payload));
        return typeof exp === "number" ? exp * 1_000 : null;
    } catch {
        return null;
    }
}
