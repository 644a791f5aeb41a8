import SwiftProtobuf
import SwitchboardProtocol

/// A conversation begins: by an invite, or by a lone cancel.
extension CallDecision {
    mutating func decideOpening(
        _ origin: Origin, _ number: UInt32, _ message: WireMessage, _ verdict: CallVerdict?
    ) throws(FoldError) {
        guard number == 1 else { return reply(.rejected(origin, number: 1, .gap)) }
        switch message.content {
        case .invite(let invite):
            let opener = Opener(origin: origin, digest: message.digest(), invite: invite)
            try decideInvite(opener, message, verdict ?? .allowed)
        case .cancel:
            try open(Opener(origin: origin, digest: message.digest(), invite: WireInvite()), callee: nil)
            try close(.cancelled)
        default:
            reply(.rejected(origin, number: number, .notFound))
        }
    }

    /// Who begins the conversation, and how.
    private struct Opener {
        var origin: Origin
        var digest: UInt64
        var invite: WireInvite
        var caller: UserID { origin.address.user }
    }

    private mutating func decideInvite(
        _ opener: Opener, _ message: WireMessage, _ verdict: CallVerdict
    ) throws(FoldError) {
        if let problem = MessageRules.problem(with: message, from: opener.caller) {
            try open(opener, callee: nil, refusal: problem)
            return try close(.unsupported)
        }
        guard let callee = UserID(opener.invite.callee) else { return }
        guard Duration(wireMilliseconds: opener.invite.ageMs) < ringTimeout(of: opener.invite) else {
            return try openEnded(opener, callee, .expired)
        }
        switch verdict {
        case .allowed: break
        case .silent where writesSecondLevel: return try ringNobody(opener, callee)
        case .silent, .refused: return try openEnded(opener, nil, .notAllowed)
        }
        if let holder = context.holder, isGlare(holder, opener) {
            return try yield(opener, callee, to: holder)
        }
        try ring(opener, callee)
    }

    // MARK: One call between two

    /// Only the other user's call that nobody has picked up is glare; one's own earlier call is replaced.
    private func isGlare(_ holder: PairHolder, _ opener: Opener) -> Bool {
        holder.caller != opener.caller && !holder.isAccepted
    }

    /// Both call each other, and the other call was first: this one ends, and its device is told to pick up that one.
    private mutating func yield(_ opener: Opener, _ callee: UserID, to holder: PairHolder) throws(FoldError) {
        try open(opener, callee: callee)
        let glare = WireMessage.with {
            $0.glare = WireGlare.with {
                $0.winner = holder.conversation.description
                $0.caller = holder.caller.text
                $0.media = WireMedia(holder.media)
            }
        }
        try deliver(glare, to: opener.origin.address, from: nil)
        try deliver(ended(.glare), to: opener.origin.address, from: nil)
        try close(.glare)
    }

    private mutating func ring(_ opener: Opener, _ callee: UserID) throws(FoldError) {
        let duration = ringTimeout(of: opener.invite)
        let media = PairMedia(opener.invite.media)
        let key = PairKey(opener.caller, callee)
        try open(opener, callee: callee)
        var forwarded = opener.invite
        forwarded.caller = opener.caller.text
        forwarded.ageMs = 0
        try broadcast(WireMessage.with { $0.invite = forwarded }, fromUser: opener.caller)
        try setDeadline(.ring, duration)
        try setDeadline(.reach, limits.reachTimeout)
        push = .invite(user: callee, caller: opener.caller, media: media, expiresIn: duration)
        guard let holder = context.holder else {
            pair = .take(key, media: media)
            return
        }
        pair = .replace(key, of: holder.conversation, media: media)
        let isOwn = holder.caller == opener.caller && !holder.isAccepted
        command = EndCommand(conversation: holder.conversation, reason: isOwn ? .cancelled : .replaced)
    }

    /// To the caller it looks as if it rang and nobody answered; to everybody else nothing happens.
    private mutating func ringNobody(_ opener: Opener, _ callee: UserID) throws(FoldError) {
        try open(opener, callee: callee, isSilenced: true)
        try enter(.ringing)
        try deliver(WireMessage.with { $0.ringing = WireRinging() }, to: opener.origin.address, from: nil)
        try setDeadline(.ring, ringTimeout(of: opener.invite))
    }

    // MARK: Facts

    private mutating func openEnded(_ opener: Opener, _ callee: UserID?, _ reason: EndReason) throws(FoldError) {
        try open(opener, callee: callee)
        try deliver(ended(reason), to: opener.origin.address, from: nil)
        try close(reason)
    }

    /// The invite's own timeout if it asks for less than the server's; counted from the commit.
    private func ringTimeout(of invite: WireInvite) -> Duration {
        guard invite.ringTimeoutMs > 0 else { return limits.ringTimeout }
        return min(Duration(wireMilliseconds: invite.ringTimeoutMs), limits.ringTimeout)
    }

    /// The conversation exists, and its first message is taken.
    private mutating func open(
        _ opener: Opener, callee: UserID?, isSilenced: Bool = false, refusal: ErrorName? = nil
    ) throws(FoldError) {
        let ring = ringTimeout(of: opener.invite)
        let caller = opener.origin.address
        try record {
            $0.opened = LogOpened.with {
                $0.caller = caller.user.text
                $0.callerDevice = caller.device.text
                $0.callee = callee?.text ?? ""
                $0.media = opener.invite.media
                $0.ringTimeoutMs = ring.milliseconds
                $0.inviteDigest = opener.digest
                $0.silenced = isSilenced
            }
        }
        try take(opener.origin, 1, opener.digest, refusal: refusal)
    }
}

extension PairMedia {
    init(_ media: WireMedia) {
        self.init(audio: media.audio, video: media.video)
    }
}

extension WireMedia {
    init(_ media: PairMedia) {
        self = WireMedia.with {
            $0.audio = media.audio
            $0.video = media.video
        }
    }
}
