import Crypto

/// The proof that a node holds the cluster's secret: HMAC-SHA256 (RFC 2104) over everything that the handshake has said.
///
/// Each role has its own label, so that a proof cannot be sent back to its maker; both nonces are in it, so that none can be
/// replayed; every text is preceded by its length, so that no two handshakes give the same bytes.
struct PeerProof {
    enum Role: String {
        case dialler = "switchboard peer dialler"
        case acceptor = "switchboard peer acceptor"
        /// The acceptor is not the incarnation looked for, and proves that it may say so.
        case otherIncarnation = "switchboard peer other incarnation"
    }

    var cluster: String
    var diallerIncarnation: String
    var acceptorIncarnation: String
    var diallerNonce: [UInt8]
    var acceptorNonce: [UInt8]

    static let nonceLength = 32

    static func makeNonce() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<nonceLength).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    func make(_ role: Role, secret: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: message(role), using: SymmetricKey(data: secret)))
    }

    /// Compares in constant time.
    func isValid(_ proof: [UInt8], _ role: Role, secret: [UInt8]) -> Bool {
        HMAC<SHA256>.isValidAuthenticationCode(
            proof, authenticating: message(role), using: SymmetricKey(data: secret))
    }

    private func message(_ role: Role) -> [UInt8] {
        var bytes: [UInt8] = []
        let parts: [[UInt8]] = [
            Array(role.rawValue.utf8), Array(cluster.utf8), Array(diallerIncarnation.utf8),
            Array(acceptorIncarnation.utf8), diallerNonce, acceptorNonce,
        ]
        for part in parts {
            let length = UInt32(clamping: part.count)
            bytes += [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) }
            bytes += part
        }
        return bytes
    }
}
