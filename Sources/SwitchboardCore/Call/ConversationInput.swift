import SwitchboardProtocol

/// What can happen to a conversation, in the order in which its leader takes it.
enum ConversationInput: Sendable {
    /// `verdict`: of the policy on an invite; nil if it was not asked, as by nodes of an older release.
    case send(Origin, number: UInt32, WireMessage, verdict: CallVerdict? = nil)
    /// A connection takes part. `cursor`: highest delivery that it has; nil: it knows nothing of the conversation.
    case attach(Origin, cursor: UInt32?)
    /// Presence showed these devices of the callee; they have been rung and become known.
    case devicesFound([DeviceAddress])
    /// Devices have no connection any more, or have one again; `CallContext.away` says which.
    case devicesLeft
    case deadlinePassed(Deadline)
    case pushAnswered(endpoint: String, PushOutcome)
    /// Another call of the two users takes the place of this one.
    case endRequested(EndReason)

    var isSend: Bool { if case .send = self { true } else { false } }

    /// Bytes it occupies while it waits, roughly.
    var cost: Int {
        switch self {
        case .send(_, _, let message, _): message.roughBytes
        case .attach, .deadlinePassed, .devicesLeft, .pushAnswered, .endRequested: 128
        case .devicesFound(let devices): 64 * devices.count
        }
    }
}

/// What is said to a connection once the facts of the same decision are committed.
enum ConversationReply: Sendable {
    /// Cumulative; `refusals` are those of the numbers asked about now.
    case accepted(Origin, number: UInt32)
    /// This send is consumed without effect (`accepted` covers it).
    case refused(Origin, number: UInt32, ErrorName)
    /// Nothing was consumed, or the send is not of a lawful outbox.
    case rejected(Origin, number: UInt32, ErrorName)
    /// The connection takes part from the delivery after `sent` on.
    case attached(Origin, sent: UInt32, snapshot: Bool)
    /// No such conversation for this user.
    case unknown(Origin)
}
