import SwitchboardProtocol

/// The coordinator's answers. It decides who tries to lead; the log decides who does.
extension NodeCore {
    mutating func coordinatorEvent(_ event: CoordinatorEvent) {
        switch event {
        case .completed(let id, let result):
            guard let purpose = coordinatorRequests.removeValue(forKey: id) else { return }
            completed(purpose, result)
        case .membersChanged(let members): membersChanged(members)
        case .availability(let isAvailable):
            // While it was not registered the others may have deleted its presence.
            if isAvailable, wasUnregistered { announceAll() }
            wasUnregistered = !isAvailable
        }
    }

    private mutating func completed(_ purpose: CoordinatorPurpose, _ result: CoordinatorResult) {
        switch purpose {
        case .create(let conversation, let isNew):
            guard routes[conversation]?.stage == .creating else { return }
            switch result {
            case .won(let version): won(conversation, version, isNew: isNew)
            case .leads(let leader, let version): leads(conversation, leader, version)
            case .absent, .done: retryLater(conversation, .coordinatorUnavailable)
            case .unavailable: retryLater(conversation, .coordinatorUnavailable)
            }
        case .read(let conversation):
            guard routes[conversation]?.stage == .reading else { return }
            switch result {
            case .leads(let leader, let version): leads(conversation, leader, version)
            case .absent: isAbsent(conversation)
            case .won, .done, .unavailable: retryLater(conversation, .coordinatorUnavailable)
            }
        case .claim(let conversation):
            guard routes[conversation]?.stage == .claiming else { return }
            switch result {
            case .won(let version): won(conversation, version, isNew: false)
            case .leads(let leader, let version): leads(conversation, leader, version)
            case .absent: isAbsent(conversation)
            case .done, .unavailable: retryLater(conversation, .coordinatorUnavailable)
            }
        case .confirmLeadership(let conversation): leadershipRead(conversation, result)
        case .housekeeping: break
        }
    }

    /// The election is won; for a conversation that existed its log is read before anything else.
    private mutating func won(_ conversation: ConversationID, _ version: Int32, isNew: Bool) {
        if leaderships[conversation] == nil {
            if isNew {
                leaderships[conversation] = .fresh(
                    conversation, node: me, version: version, configuration: configuration.leadership)
                // Who sent the invite may be gone by now: then nothing comes of it, and it is forgotten.
                timers.schedule(.unopened(conversation), at: time.now + configuration.endedRetention)
                awaitDevices(conversation)
            } else {
                restore(conversation, version: version)
            }
        } else {
            leaderships[conversation]?.version = version
        }
        becameKnown(conversation, leader: me, version: version)
    }

    private mutating func restore(_ conversation: ConversationID, version: Int32) {
        leaderships[conversation] = .restoring(
            conversation, node: me, version: version, configuration: configuration.leadership)
        wantLoad(conversation)
    }

    private mutating func leads(_ conversation: ConversationID, _ leader: Incarnation, _ version: Int32) {
        routes[conversation]?.version = version
        if leader == me {
            if leaderships[conversation] == nil { restore(conversation, version: version) }
            return becameKnown(conversation, leader: me, version: version)
        }
        guard membership.isKnown else { return retryLater(conversation, .coordinatorUnavailable) }
        if membership.isClaimable(leader) || membership.mayClaimAtOnce(from: leader) {
            return claim(conversation, version)
        }
        becameKnown(conversation, leader: leader, version: version)
    }

    /// Tries to take over; only a node whose own store works may.
    private mutating func claim(_ conversation: ConversationID, _ version: Int32) {
        guard !health.isOut, !isDraining else { return retryLater(conversation, .leaderUnavailable) }
        routes[conversation]?.stage = .claiming
        ask(.claim(conversation, leader: me, version: version), .claim(conversation))
    }

    /// The coordinator has no node for it: it is new, ended long ago, unknown, or the ensemble was wiped.
    private mutating func isAbsent(_ conversation: ConversationID) {
        guard let route = routes[conversation] else { return }
        if opening(of: route) != nil, !isDraining {
            routes[conversation]?.stage = .unresolved
            return resolve(conversation)
        }
        routes[conversation]?.stage = .lookingUp
        ask(.load(conversation), .lookUp(conversation))
    }

    /// What the store knows of a conversation that the coordinator does not.
    mutating func lookedUp(_ conversation: ConversationID, _ log: StoredLog?) {
        guard routes[conversation]?.stage == .lookingUp else { return }
        guard let log else { return unknownConversation(conversation) }
        if log.row.isEnded {
            // Any node answers from a closed log.
            var reader = Leadership.restoring(
                conversation, node: me, version: -1, configuration: configuration.leadership)
            let effects = reader.loaded(log, time)
            leaderships[conversation] = reader
            becameKnown(conversation, leader: me, version: nil)
            return perform(effects, conversation)
        }
        routes[conversation]?.stage = .creating
        ask(.create(conversation, leader: me), .create(conversation, isNew: false))
    }

    private mutating func leadershipRead(_ conversation: ConversationID, _ result: CoordinatorResult) {
        guard leaderships[conversation]?.asksCoordinator == true else { return }
        switch result {
        case .leads(let leader, let version):
            let effects = leaderships[conversation]?.claimRead(leader: leader, version: version) ?? []
            perform(effects, conversation)
        case .absent:
            let effects = leaderships[conversation]?.claimRead(leader: nil, version: 0) ?? []
            perform(effects, conversation)
        case .won, .done, .unavailable:
            timers.schedule(.retryLeadershipRead(conversation), at: time.now + configuration.coordinatorRetry)
        }
    }

    // MARK: Members

    private mutating func membersChanged(_ members: [Incarnation: NodeMember]) {
        let before = Set(membership.members.keys)
        let lost = membership.changed(to: members)
        out.perform(.setPeers(membership.peers))
        for leader in lost.sorted() {
            log(.info, "node \(leader) has left or cannot lead; its conversations are claimed")
            leaderIsLost(leader)
        }
        for incarnation in before.subtracting(members.keys).sorted() {
            timers.schedule(.forget(incarnation), at: time.now + .seconds(30))
        }
        if !lost.isEmpty {
            timers.schedule(.rescan, at: time.now + .milliseconds(500))
        }
    }

    /// Conversations with devices here are claimed first, and at once.
    private mutating func leaderIsLost(_ leader: Incarnation) {
        for conversation in (routesByLeader[leader] ?? []).sorted() {
            guard let route = routes[conversation], route.leader == leader else { continue }
            if !route.connections.isEmpty, let version = route.version, !health.isOut, !isDraining {
                routesByLeader[leader]?.remove(conversation)
                for connection in route.connections {
                    sessions[connection]?.attachments[conversation]?.attachedTo = nil
                }
                routes[conversation]?.leader = nil
                claim(conversation, version)
            } else {
                loseLeader(conversation)
            }
        }
    }

    /// The fast path: the leader's process is gone for certain, though its registration still stands.
    mutating func processIsGone(_ leader: Incarnation) {
        guard membership.mayClaimAtOnce(from: leader) else { return }
        for conversation in (routesByLeader[leader] ?? []).sorted() {
            guard let route = routes[conversation], !route.connections.isEmpty else { continue }
            let isCallers = route.connections.contains {
                sessions[$0]?.attachments[conversation]?.isCaller == true
            }
            if isCallers {
                claimFast(conversation, from: leader)
            } else {
                timers.schedule(
                    .fastClaim(conversation, leader), at: time.now + configuration.secondClaimDelay)
            }
        }
    }

    mutating func claimFast(_ conversation: ConversationID, from leader: Incarnation) {
        guard let route = routes[conversation], route.leader == leader, route.stage == .known,
            membership.mayClaimAtOnce(from: leader)
        else { return }
        if let last = route.lastFastClaim, time.now - last < configuration.fastClaimInterval { return }
        routes[conversation]?.lastFastClaim = time.now
        loseLeader(conversation)
    }
}
