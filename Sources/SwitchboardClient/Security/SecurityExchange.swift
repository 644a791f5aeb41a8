import SwitchboardProtocol

/// The security code of a call: one round for each of its peer connections, of which the one in use counts.
struct SecurityExchange: Sendable {
    /// Rounds kept at once: of the peer connection in use, of its successor, and what may have crossed with them.
    private static let roundsKept = 4

    private let call: ConversationID
    private let role: CallRole
    private var rounds: [UInt32: SecurityRound] = [:]
    private var session: UInt32 = 0
    private var isSelected = false
    private var generator: any RandomNumberGenerator & Sendable
    private(set) var code = SecurityCode.unavailable

    init(call: ConversationID, role: CallRole, generator: any RandomNumberGenerator & Sendable) {
        self.call = call
        self.role = role
        self.generator = generator
    }

    /// What comes of an input: messages to send, the code if it has changed, and why it failed if that is new.
    struct Outcome: Sendable {
        var messages: [WireMessage] = []
        var code: SecurityCode?
        var failure: SecurityRound.Failure?
    }

    /// Messages of this session's round may leave. (Those of a handover wait until it has come about.)
    mutating func start(_ session: UInt32) -> Outcome {
        with(session) { $0.started() }
    }

    /// This session's media is what the two people see and hear.
    mutating func switched(to session: UInt32) -> Outcome {
        self.session = session
        rounds = rounds.filter { $0.key >= session }
        return with(session) { $0.started() }
    }

    mutating func selected() -> Outcome {
        guard !isSelected else { return Outcome() }
        isSelected = true
        let messages = rounds.keys.sorted().flatMap { rounds[$0]?.selected() ?? [] }
        return outcome(messages)
    }

    mutating func localDescribed(_ session: UInt32, _ sdp: String) -> Outcome {
        with(session) { $0.localDescribed(sdp) }
    }

    mutating func remoteDescribed(_ session: UInt32, _ sdp: String) -> Outcome {
        with(session) { $0.remoteDescribed(sdp) }
    }

    mutating func received(_ message: WireSecurity) -> Outcome {
        with(message.session) { $0.received(message) }
    }

    mutating func secured(_ session: UInt32, _ digests: [[UInt8]]?) -> Outcome {
        with(session) { $0.secured(digests) }
    }

    /// A session that is past has no round any more.
    private mutating func with(
        _ session: UInt32, _ input: (inout SecurityRound) -> [WireMessage]
    ) -> Outcome {
        guard session >= self.session else { return Outcome() }
        if rounds[session] == nil {
            var round = SecurityRound(call: call, session: session, role: role, nonce: nonce())
            if isSelected { _ = round.selected() }
            rounds[session] = round
            // A peer that names many sessions makes us forget its own, never the one in use.
            let spare = rounds.keys.sorted().first { $0 != self.session && $0 != session }
            if rounds.count > Self.roundsKept, let spare { rounds[spare] = nil }
        }
        guard var round = rounds[session] else { return Outcome() }
        let messages = input(&round)
        rounds[session] = round
        return outcome(messages)
    }

    private mutating func outcome(_ messages: [WireMessage]) -> Outcome {
        var outcome = Outcome(messages: messages)
        let present = present
        guard present != code else { return outcome }
        code = present
        outcome.code = present
        if present == .failed { outcome.failure = rounds[session]?.failure }
        return outcome
    }

    /// 16 bytes that nobody can guess.
    private mutating func nonce() -> [UInt8] {
        (0..<SecurityDigest.nonceBytes).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    private var present: SecurityCode {
        guard let round = rounds[session], isSelected else { return .unavailable }
        if round.failure != nil { return .failed }
        if let pictures = round.code { return .ready(pictures) }
        return round.isJoined ? .pending : .unavailable
    }
}
