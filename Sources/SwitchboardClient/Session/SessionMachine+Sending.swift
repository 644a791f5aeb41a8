import SwiftProtobuf
public import SwitchboardProtocol

extension SessionMachine {
    /// Takes a message into the outbox. It is stored first, and sent as soon as there is a connection that may carry it.
    ///
    /// - Returns: the number that the message got in this conversation; `accepted` speaks of it.
    public mutating func messageQueued(_ message: WireMessage, in id: ConversationID, now: Duration)
        throws(SendRefusal) -> (number: UInt32, actions: [SessionAction])
    {
        if case .ended(let reason) = state { throw .sessionEnded(reason) }
        if conversations[id] == nil, conversations.count - endedConversations.count >= limits.conversations {
            throw .tooManyConversations(limit: limits.conversations)
        }
        guard (conversations[id]?.unaccepted.count ?? 0) < configuration.maximumWaitingMessages else {
            throw .outboxFull(limit: configuration.maximumWaitingMessages)
        }
        guard fits(message) else { throw .messageTooLarge(limit: limits.messageBytes) }

        conversationLearned(id)
        // A device that was told the end of its part may take the call over: the conversation lives again.
        if case .handover = message.content { revive(id) }
        guard let index = conversations.index(forKey: id) else { return (0, []) }
        // In place: this is the hot path, and a copy would copy the queue.
        let number = conversations.values[index].append(message, now: now)
        waitingCount += 1
        var actions: [SessionAction] = [.store(.appended(id, number: number, message))]
        guard state == .ready else { return (number, actions) }
        actions += timeAcceptance(now: now)
        transmit(id, at: index, now: now, into: &actions)
        return (number, actions)
    }

    /// The application was told of a conversation by other means (a push) and wants to know how it stands: the next
    /// `hello` names it.
    public mutating func conversationLearned(_ id: ConversationID) {
        guard conversations[id] == nil else { return }
        conversations[id] = ConversationQueues(ordinal: takeOrdinal(), hasCursor: true)
    }

    mutating func takeOrdinal() -> UInt64 {
        defer { nextOrdinal += 1 }
        return nextOrdinal
    }

    private mutating func revive(_ id: ConversationID) {
        conversations[id]?.isTakenOver = true
        guard conversations[id]?.isEnded == true else { return }
        conversations[id]?.isEnded = false
        endedConversations.removeAll { $0 == id }
    }

    /// All that is unaccepted, after `welcome`: per conversation in the order of numbers.
    mutating func outboxActions(now: Duration) -> [SessionAction] {
        var actions: [SessionAction] = []
        let waiting = conversations.filter { !$0.value.unaccepted.isEmpty }
        for (id, _) in waiting.sorted(by: { $0.value.ordinal < $1.value.ordinal }) {
            guard let index = conversations.index(forKey: id) else { continue }
            transmit(id, at: index, now: now, into: &actions)
        }
        return actions
    }

    /// The time after a temporary error is over.
    mutating func resend(_ id: ConversationID, now: Duration) -> [SessionAction] {
        guard let index = conversations.index(forKey: id), conversations.values[index].isPostponed else { return [] }
        conversations.values[index].isPostponed = false
        var actions: [SessionAction] = []
        transmit(id, at: index, now: now, into: &actions)
        return actions
    }

    /// Puts on the connection what may go out of one conversation.
    mutating func transmit(
        _ id: ConversationID, at index: Dictionary<ConversationID, ConversationQueues>.Index, now: Duration,
        into actions: inout [SessionAction]
    ) {
        while let next = conversations.values[index].takeTransmittable(window: limits.outboxMessages, now: now) {
            actions.append(Self.transmission(next.message, number: next.number, in: id))
        }
    }

    /// The cursors for `hello`: what waits for acceptance first, then the newest.
    func cursors() -> [WireCursor] {
        conversations.filter {
            $0.value.hasCursor && !$0.value.isUnknownToServers && (!$0.value.isEnded || !$0.value.unaccepted.isEmpty)
        }
        .sorted { left, right in
            let waits = (left.value.unaccepted.isEmpty, right.value.unaccepted.isEmpty)
            return waits.0 == waits.1 ? left.value.ordinal > right.value.ordinal : waits.1
        }
        .prefix(limits.conversations)
        .map { id, queues in
            .with {
                $0.conversation = id.description
                $0.received = queues.received
            }
        }
    }

    private static func transmission(_ message: WireMessage, number: UInt32, in id: ConversationID) -> SessionAction {
        var send = WireSend()
        send.conversation = id.description
        send.number = number
        send.message = message
        var frame = WireClientFrame()
        frame.send = send
        return .transmit(frame)
    }

    /// Whether the frame will be within the server's limit. Only a message that might be near it is encoded for this.
    private func fits(_ message: WireMessage) -> Bool {
        // JSON may escape every byte of a text into six, and names its fields.
        guard message.textBytes > limits.messageBytes / 8 else { return true }
        var send = WireSend()
        send.conversation = ConversationID(high: 0, low: 0).description
        send.number = .max
        send.message = message
        let frame = WireClientFrame.with { $0.send = send }
        guard let bytes = try? FrameCodec(configuration.subprotocol).encode(frame) else { return false }
        return bytes.count <= limits.messageBytes
    }
}

extension WireMessage {
    /// The bytes of the texts that applications choose, with an allowance for what surrounds each of them.
    fileprivate var textBytes: Int {
        switch content {
        case .description_p(let description): description.sdp.utf8.count
        case .candidates(let list):
            list.candidates.reduce(0) { sum, one in
                sum + 64 + one.candidate.utf8.count + one.sdpMid.utf8.count + one.usernameFragment.utf8.count
            }
        case .info(let info): info.type.utf8.count + info.body.utf8.count
        case .invite(let invite): invite.callee.utf8.count
        case .hangup(let hangup): hangup.reason.utf8.count
        case .security(let security): security.step.utf8.count + security.value.utf8.count
        default: 0
        }
    }
}
