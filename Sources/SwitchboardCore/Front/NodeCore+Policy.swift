import SwitchboardProtocol

/// A question to the policy that is out.
struct PolicyQuestion: Sendable {
    var conversation: ConversationID
    var invite: InviteJudgements.Invite
}

/// No invite goes to a leader before the policy has said something about just that one.
extension NodeCore {
    /// What the policy judges, if the send is an invite that may begin a conversation.
    func proposal(_ connection: ConnectionID, _ number: UInt32, _ message: WireMessage) -> InviteJudgements.Invite? {
        guard number == 1, case .invite(let invite) = message.content, let session = sessions[connection] else {
            return nil
        }
        return InviteJudgements.Invite(
            caller: session.address.user, callee: Array(invite.callee.utf8), media: invite.media,
            mayCall: session.mayCall)
    }

    /// Whether a send may go to the leader: it is no invite without a verdict, and does not come behind one.
    func mayPass(
        _ connection: ConnectionID, _ conversation: ConversationID, _ number: UInt32, _ message: WireMessage
    ) -> Bool {
        guard let route = routes[conversation] else { return true }
        if let invite = proposal(connection, number, message), route.judgements.verdict(on: invite) == nil {
            return false
        }
        return !route.holdsBack(connection)
    }

    /// Asks about all invites that wait, each once.
    mutating func askPolicy(_ conversation: ConversationID) {
        for case .local(let connection, let number, let message) in routes[conversation]?.waiting ?? [] {
            guard let invite = proposal(connection, number, message),
                routes[conversation]?.judgements.mustAsk(about: invite) == true
            else { continue }
            lastRequest += 1
            let id = PolicyRequestID(lastRequest)
            policyRequests[id] = PolicyQuestion(conversation: conversation, invite: invite)
            out.perform(
                .askPolicy(
                    ProposedCall(
                        conversation: conversation, caller: invite.caller,
                        callee: String(decoding: invite.callee, as: UTF8.self), media: invite.media,
                        mayCall: invite.mayCall), id))
        }
    }

    /// A refusal goes to the leader like an allowance, and is committed as the call's end like any other, so that the invite's
    /// number is consumed.
    mutating func policyAnswered(_ id: PolicyRequestID, _ verdict: CallVerdict) {
        guard let question = policyRequests.removeValue(forKey: id) else { return }
        let conversation = question.conversation
        routes[conversation]?.judgements.answered(question.invite, verdict)
        switch routes[conversation]?.stage {
        case .askingPolicy:
            routes[conversation]?.stage = .unresolved
            resolve(conversation)
        case .known: passOnJudged(conversation)
        default: break
        }
    }

    /// What waited for a verdict, although the leader is known.
    private mutating func passOnJudged(_ conversation: ConversationID) {
        let waiting = routes[conversation]?.waiting ?? []
        routes[conversation]?.waiting = []
        for frame in waiting {
            guard case .local(let connection, let number, let message) = frame,
                mayPass(connection, conversation, number, message)
            else {
                routes[conversation]?.waiting.append(frame)
                continue
            }
            forward(connection, conversation, number, message)
        }
        askPolicy(conversation)
        forgetRouteIfUnused(conversation)
    }
}
