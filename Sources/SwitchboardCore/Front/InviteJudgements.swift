import SwitchboardProtocol

/// What the policy was asked about the invites of one conversation at this front, and what it said. Each is judged by what
/// it says itself: a verdict on one must not let in another one that comes under the same conversation id.
struct InviteJudgements: Sendable {
    /// What a verdict is about.
    struct Invite: Hashable, Sendable {
        let caller: UserID
        /// As bytes: equal `String`s may be two accounts.
        let callee: [UInt8]
        let media: WireMedia
        /// Other rights are another question.
        let mayCall: CallPermission?
    }

    private enum Judgement {
        case asked
        case judged(CallVerdict)
    }

    /// Verdicts that are kept; beyond, the policy is asked again.
    private static let maximumKept = 16

    private var judgements: [Invite: Judgement] = [:]
    private var kept = 0

    func verdict(on invite: Invite) -> CallVerdict? {
        if case .judged(let verdict)? = judgements[invite] { verdict } else { nil }
    }

    /// - Returns: whether it has to be asked about now; false if that is under way or done.
    mutating func mustAsk(about invite: Invite) -> Bool {
        guard judgements[invite] == nil else { return false }
        judgements[invite] = .asked
        return true
    }

    mutating func answered(_ invite: Invite, _ verdict: CallVerdict) {
        if kept >= Self.maximumKept {
            judgements = judgements.filter { if case .asked = $0.value { true } else { false } }
            kept = 0
        }
        judgements[invite] = .judged(verdict)
        kept += 1
    }
}
