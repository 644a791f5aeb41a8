import { canComputeCodes, digest } from "./code.js";

/**
 * SHA-256 of the certificates that the peer has shown in the DTLS handshakes of this connection.
 *
 * Not every browser tells (Firefox does not): there the browser's own comparison with the description has to do, which
 * all of them make (RFC 8827 §6.5).
 * @param {RTCPeerConnection} connection
 * @returns {Promise<Uint8Array[] | null>} null where the browser does not tell
 */
export async function remoteCertificates(connection) {
    const senders = connection.getSenders?.() ?? [];
    const transports = new Set(senders.map(({ transport }) => transport).filter(Boolean));
    const standing = [...transports].filter(({ state }) => state === "connected");
    if (!canComputeCodes() || standing.length === 0) return null;
    if (!standing.every((transport) => transport.getRemoteCertificates)) return null;
    const chains = standing.map((transport) => transport.getRemoteCertificates());
    return Promise.all(chains.filter((chain) => chain.length > 0).map(([certificate]) => digest(certificate)));
}
