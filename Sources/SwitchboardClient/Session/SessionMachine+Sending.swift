import SwiftProtobuf
public import SwitchboardProtocol

extension SessionMachine {
    /// Takes a message into the outbox. It is stored first, and sent as soon as there is a connection that may carry it.
    ///
    /// - Returns: the number that the message got in this conversation; `accepted` speaks of it.
    public mutating func messageQueued(_ message: WireMessage, in id: ConversationID) throws(SendRefusal)
        -> (number: UInt32, actions: [SessionAction])
    {
        if case .ended(let reason) = state { throw .sessionEnded(reason) }
        if conversations[id] == nil, conversations.count - endedConversations.count >= limits.conversations {
            throw .tooManyConversations(limit: limits.conversations)
        }
        guard (conversations[id]?.unaccepted.count ?? 0) < limits.outboxMessages else {
            throw .outboxFull(limit: limits.outboxMessages)
        }
        guard fits(message) else { throw .messageTooLarge(limit: limits.messageBytes) }

        conversationLearned(id)
        let number = conversations[id]?.append(message) ?? 0
        var actions: [SessionAction] = [.store(.appended(id, number: number, message))]
        guard state == .ready else { return (number, actions) }
        actions += timeAcceptance()
        if conversations[id]?.resendFrom == nil {
            actions.append(Self.transmit(message, number: number, in: id))
        }
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

    /// All that is unaccepted, after `welcome`: per conversation in the order of numbers.
    func outboxActions() -> [SessionAction] {
        conversations.filter { !$0.value.unaccepted.isEmpty }
            .sorted { $0.value.ordinal < $1.value.ordinal }
            .flatMap { Self.transmissions(of: $0.value, from: $0.value.acceptedThrough + 1, in: $0.key) }
    }

    /// The time after a temporary error is over.
    mutating func resend(_ id: ConversationID) -> [SessionAction] {
        guard let first = conversations[id]?.resendFrom else { return [] }
        conversations[id]?.resendFrom = nil
        guard let queues = conversations[id] else { return [] }
        return Self.transmissions(of: queues, from: first, in: id)
    }

    /// The cursors for `hello`: what waits for acceptance first, then the newest.
    func cursors() -> [WireCursor] {
        conversations.filter {
            $0.value.hasCursor && !Self.isUnknownToServers($0.value)
                && (!$0.value.isEnded || !$0.value.unaccepted.isEmpty)
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

    /// Nothing of it was ever accepted or received, and its first message waits: no server can know it yet, and an answer
    /// that there is no such conversation would cross with that message.
    private static func isUnknownToServers(_ queues: ConversationQueues) -> Bool {
        queues.received == 0 && queues.acceptedThrough == 0 && queues.message(1) != nil
    }

    private static func transmissions(
        of queues: ConversationQueues, from first: UInt32, in id: ConversationID
    ) -> [SessionAction] {
        var actions: [SessionAction] = []
        var number = max(first, queues.acceptedThrough + 1)
        while let message = queues.message(number) {
            actions.append(transmit(message, number: number, in: id))
            number += 1
        }
        return actions
    }

    private static func transmit(_ message: WireMessage, number: UInt32, in id: ConversationID) -> SessionAction {
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
