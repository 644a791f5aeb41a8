public import SwitchboardProtocol

extension SessionMachine {
    /// A frame arrived.
    public mutating func frameReceived(_ frame: WireServerFrame) -> [SessionAction] {
        heard()
        switch (frame.frame, state) {
        case (.welcome(let welcome), .greeting): return welcomeReceived(welcome)
        case (.error(let error), .greeting), (.error(let error), .ready): return errorReceived(error)
        case (.accepted(let accepted), .ready): return acceptedReceived(accepted)
        case (.deliver(let delivery), .ready): return deliveryReceived(delivery)
        case (.snapshot(let snapshot), .ready): return snapshotReceived(snapshot)
        case (.syncComplete(let sync), .ready):
            return [.notify(.synchronized(missing: sync.missing.compactMap(ConversationID.init)))]
        case (.goAway(let notice), .ready): return goAwayReceived(notice)
        // A pong has done its work by being heard; frames of kinds that this version does not know are ignored.
        case (.pong, .ready), (nil, .ready), (nil, .greeting): return []
        case (_, .greeting): return violated("a frame before `welcome`")
        case (.welcome, .ready): return violated("a second `welcome`")
        default: return []
        }
    }

    private mutating func welcomeReceived(_ welcome: WireWelcome) -> [SessionAction] {
        limits.adopt(welcome.limits)
        var actions = welcomed(pingInterval: welcome.pingIntervalMs)
        actions.append(.notify(.welcomed(welcome)))
        for accepted in welcome.conversations {
            actions += acceptedReceived(accepted)
        }
        // An `accepted` above may have ended the session's trust in the connection.
        guard state == .ready else { return actions }
        return actions + outboxActions()
    }

    private mutating func acceptedReceived(_ accepted: WireAccepted) -> [SessionAction] {
        guard let id = ConversationID(accepted.conversation) else {
            return violated("`accepted` without a conversation id")
        }
        var actions: [SessionAction] = []
        if let index = conversations.index(forKey: id) {
            // In place: this is the hot path, and a copy would copy the queue.
            let isPostponed = conversations.values[index].resendFrom != nil
            guard conversations.values[index].accept(through: accepted.number) else { return [] }
            if isPostponed, conversations.values[index].unaccepted.isEmpty {
                conversations.values[index].resendFrom = nil
                actions.append(.cancel(.resend(id)))
            }
        } else {
            guard accepted.number > 0 else { return [] }
            var queues = ConversationQueues(ordinal: takeOrdinal(), hasCursor: false)
            _ = queues.accept(through: accepted.number)
            conversations[id] = queues
        }
        actions.append(.store(.accepted(id, through: accepted.number)))
        actions.append(.notify(.accepted(id, through: accepted.number)))
        actions += forgetIfSettled(id)
        return actions
    }

    private mutating func deliveryReceived(_ delivery: WireDeliver) -> [SessionAction] {
        guard let id = ConversationID(delivery.conversation) else {
            return violated("`deliver` without a conversation id")
        }
        let index: Dictionary<ConversationID, ConversationQueues>.Index
        if let known = conversations.index(forKey: id) {
            index = known
        } else {
            guard delivery.number == 1 else { return violated("a first delivery that is not number 1") }
            conversations[id] = ConversationQueues(ordinal: takeOrdinal(), hasCursor: true)
            guard let created = conversations.index(forKey: id) else { return [] }
            index = created
        }
        let received = conversations.values[index].received
        guard delivery.number <= received + 1 else { return violated("a delivery is missing") }

        conversations.values[index].unacknowledged += 1
        // Duplicates are acknowledged at once: a server that repeats itself waits for it.
        let isDuplicate = delivery.number <= received
        var actions: [SessionAction] = []
        if !isDuplicate {
            conversations.values[index].received = delivery.number
            conversations.values[index].hasCursor = true
            actions.append(.notify(.delivered(id, delivery)))
        }
        if conversations.values[index].unacknowledged >= configuration.acknowledgementBatch || isDuplicate {
            conversations.values[index].unacknowledged = 0
            acknowledgementsDue.remove(id)
            actions.append(Self.acknowledgement(id, conversations.values[index].received))
        } else {
            if acknowledgementsDue.isEmpty {
                actions.append(.schedule(.acknowledge, after: configuration.acknowledgementDelay))
            }
            acknowledgementsDue.insert(id)
        }
        if case .ended = delivery.message.content, !isDuplicate {
            actions += conversationEnded(id)
        }
        return actions
    }

    private mutating func snapshotReceived(_ snapshot: WireSnapshot) -> [SessionAction] {
        guard let id = ConversationID(snapshot.conversation), snapshot.nextNumber > 0 else {
            return violated("`snapshot` without a conversation id or a next number")
        }
        var queues = conversations[id] ?? ConversationQueues(ordinal: takeOrdinal(), hasCursor: true)
        queues.received = max(queues.received, snapshot.nextNumber - 1)
        queues.hasCursor = true
        conversations[id] = queues
        var actions: [SessionAction] = [.notify(.snapshot(id, snapshot))]
        if snapshot.state == "ended" { actions += conversationEnded(id) }
        return actions
    }

    private mutating func goAwayReceived(_ notice: WireGoAway) -> [SessionAction] {
        let wait = Duration.milliseconds(min(max(notice.reconnectAfterMs, 0), 600_000))
        isLeaving = true
        serverSetReconnect = wait
        return [.schedule(.reconnect, after: wait)]
    }

    // MARK: - Errors

    private mutating func errorReceived(_ frame: WireError) -> [SessionAction] {
        let error = ServerError(frame)
        guard let id = ConversationID(frame.conversation) else {
            connectionError = error
            if state == .greeting { serverSetReconnect = error.retryAfter }
            return [.notify(.failed(error))]
        }
        switch (error.known, error.isPermanent) {
        case (.superseded, _):
            return [.notify(.failed(error))] + end(.superseded)
        case (.notFound, _):
            return dropped(id, error)
        case (_, true):
            return [.notify(.refused(id, number: frame.number, error))]
        case (_, false):
            return postponed(id, from: frame.number, error)
        }
    }

    private mutating func dropped(_ id: ConversationID, _ error: ServerError) -> [SessionAction] {
        guard let queues = conversations.removeValue(forKey: id) else { return [] }
        acknowledgementsDue.remove(id)
        endedConversations.removeAll { $0 == id }
        return [
            .cancel(.resend(id)), .store(.forgotten(id)),
            .notify(.dropped(id, unaccepted: queues.waitingNumbers, error)),
        ]
    }

    /// Nothing was consumed. Sends that were on their way behind the one that failed come back as gaps, one error each:
    /// they all lead to one repetition, after the longest wait that any of them asked for.
    private mutating func postponed(_ id: ConversationID, from number: UInt32, _ error: ServerError) -> [SessionAction]
    {
        guard var queues = conversations[id] else { return [] }
        let first = max(number, queues.acceptedThrough + 1)
        guard first <= queues.lastNumber else { return [] }
        if let earlier = queues.resendFrom {
            queues.resendFrom = min(earlier, first)
            conversations[id] = queues
            guard let asked = error.retryAfter, error.known != .gap else { return [] }
            return [
                .schedule(.resend(id), after: asked),
                .notify(.postponed(id, error, retryAfter: asked)),
            ]
        }
        // The first gap may be settled soon, but not at once: the others are still arriving.
        let attempt = queues.postponements + 1
        let wait = error.retryAfter ?? configuration.resend.wait(attempt: attempt, jitter: jitter.fraction())
        queues.resendFrom = first
        queues.postponements += 1
        conversations[id] = queues
        return [.schedule(.resend(id), after: wait), .notify(.postponed(id, error, retryAfter: wait))]
    }

    // MARK: - Acknowledgements and ends

    /// Acknowledges all that is due, cumulatively.
    mutating func flushAcknowledgements() -> [SessionAction] {
        guard state == .ready, !acknowledgementsDue.isEmpty else { return [] }
        let due = acknowledgementsDue.count == 1 ? Array(acknowledgementsDue) : acknowledgementsDue.sorted()
        acknowledgementsDue.removeAll(keepingCapacity: true)
        return due.compactMap { id in
            guard let index = conversations.index(forKey: id) else { return nil }
            conversations.values[index].unacknowledged = 0
            return Self.acknowledgement(id, conversations.values[index].received)
        }
    }

    private static func acknowledgement(_ id: ConversationID, _ received: UInt32) -> SessionAction {
        var ack = WireAck()
        ack.conversation = id.description
        ack.received = received
        var frame = WireClientFrame()
        frame.ack = ack
        return .transmit(frame)
    }

    private mutating func conversationEnded(_ id: ConversationID) -> [SessionAction] {
        guard let queues = conversations[id], !queues.isEnded else { return [] }
        conversations[id]?.isEnded = true
        endedConversations.append(id)
        return forgetIfSettled(id) + trimEnded()
    }

    /// An ended conversation with nothing left to send need not survive a restart.
    private func forgetIfSettled(_ id: ConversationID) -> [SessionAction] {
        guard let queues = conversations[id], queues.isEnded, queues.unaccepted.isEmpty else { return [] }
        return [.store(.forgotten(id))]
    }

    /// Keeps the memory of ended conversations within its bound; those with something left to send stay.
    private mutating func trimEnded() -> [SessionAction] {
        guard endedConversations.count > configuration.maximumEndedConversations,
            let index = endedConversations.firstIndex(where: { conversations[$0]?.unaccepted.isEmpty ?? true })
        else { return [] }
        let id = endedConversations.remove(at: index)
        guard let queues = conversations.removeValue(forKey: id) else { return [] }
        return acknowledgementsDue.remove(id) == nil ? [] : [Self.acknowledgement(id, queues.received)]
    }
}
