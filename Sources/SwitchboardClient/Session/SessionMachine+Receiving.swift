public import SwitchboardProtocol

extension SessionMachine {
    /// A frame arrived.
    public mutating func frameReceived(_ frame: WireServerFrame, now: Duration) -> [SessionAction] {
        heard(now: now)
        switch (frame.frame, state) {
        case (.welcome(let welcome), .greeting): return welcomeReceived(welcome, now: now)
        case (.error(let error), .greeting), (.error(let error), .ready): return errorReceived(error, now: now)
        case (.accepted(let accepted), .ready): return acceptedReceived(accepted, now: now)
        case (.deliver(let delivery), .ready): return deliveryReceived(delivery)
        case (.snapshot(let snapshot), .ready): return snapshotReceived(snapshot)
        case (.syncComplete(let sync), .ready):
            return synchronized(missing: sync.missing.compactMap(ConversationID.init))
        case (.iceServers(let servers), .ready): return [.notify(.iceServers(servers))]
        case (.goAway(let notice), .ready): return goAwayReceived(notice)
        // A pong has done its work by being heard; frames of kinds that this version does not know are ignored.
        case (.pong, .ready), (nil, .ready), (nil, .greeting): return []
        case (_, .greeting): return violated("a frame before `welcome`")
        case (.welcome, .ready): return violated("a second `welcome`")
        default: return []
        }
    }

    private mutating func welcomeReceived(_ welcome: WireWelcome, now: Duration) -> [SessionAction] {
        limits.adopt(welcome.limits)
        var actions = welcomed(pingInterval: welcome.pingIntervalMs, now: now)
        actions.append(.notify(.welcomed(welcome)))
        for accepted in welcome.conversations {
            actions += acceptedReceived(accepted, now: now)
        }
        // An `accepted` above may have ended the session's trust in the connection.
        guard state == .ready else { return actions }
        return actions + outboxActions(now: now)
    }

    private mutating func acceptedReceived(_ accepted: WireAccepted, now: Duration) -> [SessionAction] {
        guard let id = ConversationID(accepted.conversation) else {
            return violated("`accepted` without a conversation id")
        }
        return settled(id, through: accepted.number, now: now)
    }

    /// All sends up to this number are committed, or are as good as that.
    private mutating func settled(_ id: ConversationID, through number: UInt32, now: Duration) -> [SessionAction] {
        if conversations[id] == nil, number > 0 {
            conversations[id] = ConversationQueues(ordinal: takeOrdinal(), hasCursor: false)
        }
        guard let index = conversations.index(forKey: id) else { return [] }
        guard let count = conversations.values[index].accept(through: number) else { return [] }
        waitingCount -= count
        var actions: [SessionAction] = []
        if conversations.values[index].isPostponed, conversations.values[index].unaccepted.isEmpty {
            conversations.values[index].isPostponed = false
            actions.append(.cancel(.resend(id)))
        }
        actions.append(.store(.accepted(id, through: number)))
        // Of what this life of the client never sent there is nothing to tell.
        if count > 0 { actions.append(.notify(.accepted(id, through: number))) }
        // What was beyond the window moves up.
        transmit(id, at: index, now: now, into: &actions)
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

        conversations.values[index].isRestored = false
        // A duplicate is acknowledged again: a server that repeats itself waits for it.
        conversations.values[index].unacknowledged += 1
        let isDuplicate = delivery.number <= received
        var actions: [SessionAction] = []
        if !isDuplicate {
            conversations.values[index].received = delivery.number
            conversations.values[index].isConfirmed = true
            conversations.values[index].hasCursor = true
            actions.append(.notify(.delivered(id, delivery)))
        }
        if conversations.values[index].unacknowledged >= configuration.acknowledgementBatch {
            conversations.values[index].unacknowledged = 0
            acknowledgementsDue.remove(id)
            actions.append(Self.acknowledgement(id, conversations.values[index].received))
        } else {
            if acknowledgementsDue.isEmpty {
                actions.append(.schedule(.acknowledge, after: configuration.acknowledgementDelay))
            }
            acknowledgementsDue.insert(id)
        }
        if !isDuplicate, delivery.message.endsConversation { actions += conversationEnded(id) }
        return actions
    }

    private mutating func snapshotReceived(_ snapshot: WireSnapshot) -> [SessionAction] {
        guard let id = ConversationID(snapshot.conversation), snapshot.nextNumber > 0 else {
            return violated("`snapshot` without a conversation id or a next number")
        }
        var queues = conversations[id] ?? ConversationQueues(ordinal: takeOrdinal(), hasCursor: true)
        // Backwards, too, for a cursor beyond what the server ever sent; but not behind what this connection has brought,
        // for a new leader may say again what an older one said.
        let received = snapshot.nextNumber - 1
        queues.received = queues.isConfirmed ? max(queues.received, received) : received
        queues.isConfirmed = true
        queues.hasCursor = true
        queues.isRestored = false
        conversations[id] = queues
        var actions: [SessionAction] = [.notify(.snapshot(id, snapshot))]
        // A call that goes on on another device is not named: the server tells of it unasked, as long as it stands.
        let isWatched = !snapshot.activeDevice.isEmpty && snapshot.activeDevice != device.text && !queues.isTakenOver
        if snapshot.state == "ended" || isWatched { actions += conversationEnded(id) }
        return actions
    }

    /// What was found in storage, has nothing to send, and is not told by the server although all has been told, is over.
    private mutating func synchronized(missing: [ConversationID]) -> [SessionAction] {
        isSynchronized = true
        var actions: [SessionAction] = [.notify(.synchronized(missing: missing))]
        let over = conversations.filter { $0.value.isRestored && $0.value.unaccepted.isEmpty }.keys
        for id in over.sorted() where !missing.contains(id) {
            actions += conversationEnded(id)
        }
        return actions
    }

    private mutating func goAwayReceived(_ notice: WireGoAway) -> [SessionAction] {
        let wait = Duration.milliseconds(min(max(notice.reconnectAfterMs, 0), 600_000))
        isLeaving = true
        serverSetReconnect = wait
        return [.schedule(.reconnect, after: wait)]
    }

    // MARK: - Errors

    private mutating func errorReceived(_ frame: WireError, now: Duration) -> [SessionAction] {
        let error = ServerError(frame)
        guard let id = ConversationID(frame.conversation) else {
            connectionError = error
            if let wait = error.retryAfter, !isLeaving { serverSetReconnect = wait }
            return [.notify(.failed(error))]
        }
        switch (error.known, error.isPermanent) {
        case (.superseded, _):
            return [.notify(.failed(error))] + end(.superseded)
        case (.notFound, _):
            // The invite, which makes the conversation known, has not arrived anywhere: it goes again.
            if let invite = conversations[id]?.waitingInvite, frame.number != invite {
                return postponed(id, from: invite, error)
            }
            return dropped(id, error)
        case (.numberReused, _):
            // No acceptance will come: the number belongs to something that was sent before.
            return refused(id, number: frame.number, error) + settled(id, through: frame.number, now: now)
        case (_, true):
            return refused(id, number: frame.number, error)
        case (_, false):
            return postponed(id, from: frame.number, error)
        }
    }

    private func refused(_ id: ConversationID, number: UInt32, _ error: ServerError) -> [SessionAction] {
        [.notify(.refused(id, number: number, error, conversations[id]?.message(number)))]
    }

    private mutating func dropped(_ id: ConversationID, _ error: ServerError) -> [SessionAction] {
        guard let queues = conversations.removeValue(forKey: id) else { return [] }
        waitingCount -= queues.unaccepted.count
        acknowledgementsDue.remove(id)
        endedConversations.removeAll { $0 == id }
        return [
            .cancel(.resend(id)), .store(.forgotten(id)),
            .notify(.dropped(id, unaccepted: queues.waitingNumbers, error)),
        ]
    }

    /// Nothing was consumed. Sends that were on their way behind the one that failed come back as gaps, one error each:
    /// they all lead to one repetition from the lowest number, after the last wait that the server asked for.
    private mutating func postponed(_ id: ConversationID, from number: UInt32, _ error: ServerError) -> [SessionAction]
    {
        guard let index = conversations.index(forKey: id),
            max(number, conversations.values[index].acceptedThrough + 1) <= conversations.values[index].lastNumber
        else { return [] }
        conversations.values[index].rewind(to: number)
        let wait: Duration
        if conversations.values[index].isPostponed {
            guard let asked = error.retryAfter, error.known != .gap else { return [] }
            wait = asked
        } else {
            // The first gap may be settled soon, but not at once: the others are still arriving.
            let attempt = conversations.values[index].postponements + 1
            wait = error.retryAfter ?? configuration.resend.wait(attempt: attempt, jitter: jitter.fraction())
            conversations.values[index].isPostponed = true
            conversations.values[index].postponements += 1
        }
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
    private mutating func forgetIfSettled(_ id: ConversationID) -> [SessionAction] {
        guard let index = conversations.index(forKey: id), conversations.values[index].unaccepted.isEmpty else {
            return []
        }
        if conversations.values[index].isEnded { return [.store(.forgotten(id))] }
        return conversations.values[index].isRestored && isSynchronized ? conversationEnded(id) : []
    }

    /// Keeps the memory of ended conversations within its bound; those with something left to send stay.
    private mutating func trimEnded() -> [SessionAction] {
        guard endedConversations.count > configuration.maximumEndedConversations,
            let index = endedConversations.firstIndex(where: { conversations[$0]?.unaccepted.isEmpty ?? true })
        else { return [] }
        let id = endedConversations.remove(at: index)
        guard let queues = conversations.removeValue(forKey: id) else { return [] }
        waitingCount -= queues.unaccepted.count
        return acknowledgementsDue.remove(id) == nil ? [] : [Self.acknowledgement(id, queues.received)]
    }
}

extension WireMessage {
    /// Behind it this device takes no part any more. (It may still hear on which device of its user the call goes on.)
    fileprivate var endsConversation: Bool {
        switch content {
        case .ended: true
        case .elsewhere(let elsewhere): !elsewhere.active
        default: false
        }
    }
}
