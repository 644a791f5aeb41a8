/**
 * WebSocket close codes of the protocol. 4000–4499 invite to reconnect and resume; 4500–4999 do not.
 */
export const CloseCode = Object.freeze({
    normal: 1000,
    goingAway: 1001,
    policyViolation: 1008,
    messageTooBig: 1009,
    serviceRestart: 1012,
    tryAgainLater: 1013,
    tokenExpired: 4003,
    badToken: 4500,
    badFrame: 4501,
    replaced: 4502,
    invalidHello: 4503,
    demoRefused: 4504,
    /** Sent by the client: it gives up a connection that is dead or has broken the protocol, and makes another. */
    abandoned: 3000,
});

const stopReasons = new Map([
    [CloseCode.policyViolation, "policy_violation"],
    [CloseCode.messageTooBig, "message_too_large"],
    [CloseCode.badToken, "bad_token"],
    [CloseCode.badFrame, "bad_frame"],
    [CloseCode.replaced, "replaced"],
    [CloseCode.invalidHello, "invalid_hello"],
    [CloseCode.demoRefused, "demo_refused"],
]);

/**
 * Why the client must not reconnect after this code; undefined if it shall.
 * @param {number} code
 * @returns {string | undefined}
 */
export function stopReason(code) {
    const named = stopReasons.get(code);
    if (named) return named;
    return code >= 4500 && code <= 4999 ? `closed_${code}` : undefined;
}
