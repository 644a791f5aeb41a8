import SwitchboardProtocol

/// The exchange on one peer connection of a call, from one end.
///
/// A, the caller, commits to a number and its certificate; B, the callee, then tells its number; A reveals. So neither end,
/// nor anybody between, can choose its part after it has seen the other's: a forged code is a single guess. The order is
/// what counts: B tells nothing before it has a commitment, A nothing before it has B's number, and only the first of each
/// is taken.
struct SecurityRound: Sendable {
    private enum Step: String {
        case commit, nonce, reveal
    }

    enum Failure: String, Sendable {
        case mismatch = "What the peer has said does not fit what it has promised: somebody may be between."
        case fingerprint = "The peer's certificate is not the one that was announced: somebody may be between."
    }

    private let call: ConversationID
    private let session: UInt32
    private let isCaller: Bool
    private let nonce: [UInt8]
    private var isStarted = false
    private var isSelected = false
    private var sent: Set<Step> = []
    private var localFingerprint: [UInt8]?
    private var remoteFingerprint: [UInt8]?
    /// B's: what A has promised.
    private var commitment: [UInt8]?
    private var peerNonce: [UInt8]?
    private var computed: [SecurityPicture]?
    /// The connection stands, with the certificate that its description names.
    private var isSealed = false

    /// The peer has shown that it takes part.
    private(set) var isJoined = false
    private(set) var failure: Failure?

    /// - Parameter nonce: 16 bytes that nobody can guess.
    init(call: ConversationID, session: UInt32, role: CallRole, nonce: [UInt8]) {
        self.call = call
        self.session = session
        self.nonce = nonce
        isCaller = role == .caller
    }

    var code: [SecurityPicture]? { failure == nil && isSealed ? computed : nil }

    /// Its messages may leave from now on.
    mutating func started() -> [WireMessage] {
        isStarted = true
        return advance()
    }

    /// The call is picked up: the peer is one device, and it is known.
    mutating func selected() -> [WireMessage] {
        isSelected = true
        return advance()
    }

    /// A description of ours that counts.
    mutating func localDescribed(_ sdp: String) -> [WireMessage] {
        described(sdp, \.localFingerprint)
    }

    /// A description of the peer's that was applied.
    mutating func remoteDescribed(_ sdp: String) -> [WireMessage] {
        described(sdp, \.remoteFingerprint)
    }

    mutating func received(_ message: WireSecurity) -> [WireMessage] {
        switch (Step(rawValue: message.step), isCaller) {
        case (.commit, false):
            commitment = commitment ?? SecurityDigest.bytes(message.value, count: SecurityDigest.digestBytes)
            isJoined = isJoined || commitment != nil
        case (.nonce, true):
            // Before our commitment nobody can lawfully have answered it.
            guard sent.contains(.commit) else { return fail(.mismatch) }
            peerNonce = peerNonce ?? SecurityDigest.bytes(message.value, count: SecurityDigest.nonceBytes)
            isJoined = isJoined || peerNonce != nil
        case (.reveal, false) where peerNonce == nil:
            return revealed(message.value)
        default:
            return []
        }
        return advance()
    }

    /// Media is encrypted now.
    ///
    /// - Parameter digests: SHA-256 of the certificates that the peer has shown; nil if it is not known.
    mutating func secured(_ digests: [[UInt8]]?) -> [WireMessage] {
        guard let remoteFingerprint else { return [] }
        guard (digests ?? []).allSatisfy({ $0 == remoteFingerprint }) else { return fail(.fingerprint) }
        isSealed = true
        return advance()
    }

    private mutating func described(_ sdp: String, _ end: WritableKeyPath<SecurityRound, [UInt8]?>) -> [WireMessage] {
        let fingerprint = Fingerprint.of(sdp)
        if let known = self[keyPath: end], known != fingerprint { return fail(.fingerprint) }
        self[keyPath: end] = fingerprint
        // With an offer that is made anew while it rings, the server drops what it held from us.
        if end == \.localFingerprint, !isCaller, !isSelected { sent.remove(.nonce) }
        return advance()
    }

    private mutating func revealed(_ value: String) -> [WireMessage] {
        guard sent.contains(.nonce), let remoteFingerprint,
            let nonce = SecurityDigest.bytes(value, count: SecurityDigest.nonceBytes),
            SecurityDigest.commitment(nonce: nonce, fingerprint: remoteFingerprint) == commitment
        else { return fail(.mismatch) }
        peerNonce = nonce
        return advance()
    }

    private mutating func advance() -> [WireMessage] {
        guard failure == nil, isStarted else { return [] }
        return isCaller ? advanceCaller() : advanceCallee()
    }

    private mutating func advanceCaller() -> [WireMessage] {
        var messages: [WireMessage] = []
        if let localFingerprint {
            messages += send(.commit, SecurityDigest.commitment(nonce: nonce, fingerprint: localFingerprint))
        }
        guard isSelected, let peerNonce, let localFingerprint, let remoteFingerprint else { return messages }
        messages += send(.reveal, nonce)
        computed =
            computed
            ?? SecurityDigest.code(
                call: call, fingerprintA: localFingerprint, fingerprintB: remoteFingerprint, nonceA: nonce,
                nonceB: peerNonce)
        return messages
    }

    private mutating func advanceCallee() -> [WireMessage] {
        guard let localFingerprint else { return [] }
        let messages = commitment == nil ? [] : send(.nonce, nonce)
        if let peerNonce, let remoteFingerprint, computed == nil {
            computed = SecurityDigest.code(
                call: call, fingerprintA: remoteFingerprint, fingerprintB: localFingerprint, nonceA: peerNonce,
                nonceB: nonce)
        }
        return messages
    }

    private mutating func send(_ step: Step, _ value: [UInt8]) -> [WireMessage] {
        guard sent.insert(step).inserted else { return [] }
        var message = WireMessage()
        message.security.step = step.rawValue
        message.security.value = SecurityDigest.text(value)
        message.security.session = session
        return [message]
    }

    private mutating func fail(_ failure: Failure) -> [WireMessage] {
        self.failure = self.failure ?? failure
        return []
    }
}
