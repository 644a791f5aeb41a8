import SwiftProtobuf
import SwitchboardProtocol

/// A conversation begins: by an invite, or by a lone cancel.
extension CallDecision {
    mutating func decideOpening(_ origin: Origin, _ number: UInt32, _ message: WireMessage) throws(FoldError) {
        guard number == 1 else { return reply(.rejected(origin, number: 1, .gap)) }
        let digest = message.digest()
        switch message.content {
        case .invite(let invite):
            if let problem = MessageRules.problem(with: message, from: origin.address.user) {
                try open(origin, callee: nil, invite: invite, digest: digest)
                try take(origin, number, digest, refusal: problem)
                return try close(.unsupported)
            }
            try open(origin, callee: UserID(invite.callee), invite: invite, digest: digest)
            try take(origin, number, digest)
            let ring = ringTimeout(of: invite)
            guard Duration(wireMilliseconds: invite.ageMs) < ring else {
                try deliver(ended(.expired), to: origin.address, from: nil)
                return try close(.expired)
            }
            var forwarded = invite
            forwarded.caller = origin.address.user.text
            forwarded.ageMs = 0
            try broadcast(WireMessage.with { $0.invite = forwarded }, fromUser: origin.address.user)
            try setDeadline(.ring, ring)
        case .cancel:
            try open(origin, callee: nil, invite: WireInvite(), digest: digest)
            try take(origin, number, digest)
            try close(.cancelled)
        default:
            reply(.rejected(origin, number: number, .notFound))
        }
    }

    /// The invite's own timeout if it asks for less than the server's; counted from the commit.
    private func ringTimeout(of invite: WireInvite) -> Duration {
        guard invite.ringTimeoutMs > 0 else { return limits.ringTimeout }
        return min(Duration(wireMilliseconds: invite.ringTimeoutMs), limits.ringTimeout)
    }

    private mutating func open(_ origin: Origin, callee: UserID?, invite: WireInvite, digest: UInt64) throws(FoldError)
    {
        let ring = ringTimeout(of: invite)
        try record {
            $0.opened = LogOpened.with {
                $0.caller = origin.address.user.text
                $0.callerDevice = origin.address.device.text
                $0.callee = callee?.text ?? ""
                $0.media = invite.media
                $0.ringTimeoutMs = ring.milliseconds
                $0.inviteDigest = digest
            }
        }
    }
}
