import SwitchboardProtocol

/// What is done when its time has come. Every handler checks whether it still applies.
extension NodeCore {
    mutating func fired(_ key: TimerKey) {
        switch key {
        case .sync(let connection): checkSync(connection, timedOut: true)
        case .tokenExpiry(let connection): tokenMayHaveExpired(connection)
        case .drain(let connection):
            if sessions[connection] != nil { end(connection, .draining, .serviceRestart) }
        case .attach(let conversation): attachMayBeLost(conversation)
        case .retryRoute(let conversation):
            guard routes[conversation]?.stage == .waiting else { return }
            routes[conversation]?.stage = .unresolved
            if routes[conversation]?.connections.isEmpty == true, routes[conversation]?.waiting.isEmpty == true,
                !recovery.inFlight.contains(conversation)
            {
                forgetRouteIfUnused(conversation)
            } else {
                resolve(conversation)
            }
        case .fastClaim(let conversation, let leader): claimFast(conversation, from: leader)
        case .lane: break  // the end of the turn commits
        case .retryLoad(let conversation):
            if leaderships[conversation]?.stage == .loading { wantLoad(conversation) }
        case .retryEnd(let conversation):
            if leaderships[conversation]?.stage == .confirmingEnd { ask(.probe, .confirmEnd(conversation)) }
        case .retryLeadershipRead(let conversation):
            if leaderships[conversation]?.asksCoordinator == true {
                ask(.read(conversation, sync: true), .confirmLeadership(conversation))
            }
        case .deadline(let conversation, let deadline):
            guard leaderships[conversation]?.state.deadlines[deadline.kind] == deadline else { return }
            enqueue(.deadlinePassed(deadline), conversation)
        case .devicesAwaited(let conversation):
            perform(leaderships[conversation]?.waitedForDevices() ?? [], conversation)
        case .featureLevel:
            ask(.readFeatureLevel, .featureLevel)
        case .iceServers(let connection): refreshIceServers(connection)
        case .endedRetention(let conversation): retentionPassed(conversation)
        case .unopened(let conversation):
            if leaderships[conversation]?.stage == .fresh { retentionPassed(conversation) }
        case .quarantine(let conversation):
            if leaderships[conversation]?.stage == .quarantined || leaderships[conversation]?.stage == .loading {
                leaderships[conversation] = nil
                loseLeader(conversation)
            }
        case .scan: scan()
        case .rescan: startScan()
        case .health: checkHealth()
        case .collect: collect()
        case .reconcile:
            timers.schedule(.reconcile, at: time.now + configuration.presenceInterval)
            reconcilePresence()
        case .retryPresence:
            presence.isAnnouncing = false
            presence.isWithdrawing = false
        case .forget(let incarnation): forgetNode(incarnation)
        case .overflowed(let peer): findDropped(peer)
        }
    }

    /// No answer from a leader in time: it, the way to it, or the frame is lost; ask the coordinator again.
    private mutating func attachMayBeLost(_ conversation: ConversationID) {
        guard let route = routes[conversation], route.stage == .known, let leader = route.leader, leader != me,
            route.connections.contains(where: { connection in
                guard let attachment = sessions[connection]?.attachments[conversation] else { return false }
                return !attachment.isAnswered && !attachment.isEnded
            })
        else { return }
        loseLeader(conversation)
    }

    private mutating func checkHealth() {
        timers.schedule(.health, at: time.now + .milliseconds(500))
        deleteEnded()
        if health.check(time.now, limit: configuration.storeOutage) {
            log(.error, "no commit for \(configuration.storeOutage): this node cannot lead until the store is back")
            ask(.mark(.noStore, true), .housekeeping)
            for conversation in leaderships.keys.sorted() {
                perform(leaderships[conversation]?.rejectWaiting(.storeUnavailable) ?? [], conversation)
            }
        }
        if health.failingSince != nil, !health.isProbing {
            health.isProbing = true
            ask(.probe, .health)
        }
    }

    // MARK: Recovery, triggered by level: every node, always, at a slow pace

    private mutating func scan() {
        timers.schedule(.scan, at: time.now + configuration.scanInterval)
        startScan()
    }

    private mutating func startScan() {
        guard membership.isKnown, !recovery.isScanning, recovery.isIdle, !health.isOut, !isDraining else { return }
        recovery.isScanning = true
        let rank = membership.rank
        ask(
            .scanOrphans(
                living: membership.living, slice: rank.place, slices: rank.of, grace: configuration.deadlineGrace,
                limit: configuration.scanLimit), .scan)
    }

    mutating func scanned(_ orphans: [Orphan]) {
        recovery.hasMore = orphans.count >= configuration.scanLimit
        for orphan in orphans {
            if let reason = orphan.command {
                carry(EndCommand(conversation: orphan.conversation, reason: reason))
                continue
            }
            if let leadership = leaderships[orphan.conversation] {
                if leadership.stage == .leading, orphan.leader == me { overdue(orphan.conversation) }
                continue
            }
            recovery.add(orphan.conversation)
        }
        if !orphans.isEmpty {
            log(.info, "\(orphans.count) conversations without a leader found")
        }
        continueRecovery()
    }

    mutating func continueRecovery() {
        while let conversation = recovery.next(limit: configuration.maximumClaimsInFlight) {
            if leaderships[conversation] != nil {
                recovery.settled(conversation)
                continue
            }
            routes[conversation, default: Route()].stage = .unresolved
            resolve(conversation)
        }
        if recovery.isIdle, recovery.hasMore {
            recovery.hasMore = false
            timers.schedule(.rescan, at: time.now + .milliseconds(100))
        }
    }

    /// Deadlines that their timers have missed.
    private mutating func overdue(_ conversation: ConversationID) {
        guard let leadership = leaderships[conversation] else { return }
        for (kind, due) in leadership.deadlinesDue.sorted(by: { $0.value < $1.value }) where due <= time.now {
            guard let deadline = leadership.state.deadlines[kind] else { continue }
            enqueue(.deadlinePassed(deadline), conversation)
        }
    }

    /// Another node found a conversation whose node in the coordinator names this one.
    mutating func nudged(_ conversation: ConversationID) {
        if leaderships[conversation] != nil { return overdue(conversation) }
        recovery.add(conversation)
        continueRecovery()
    }

    private mutating func collect() {
        timers.schedule(.collect, at: time.now + .seconds(60))
        guard membership.rank.place == 0, !health.isOut else { return }
        ask(.collect(endedBefore: configuration.tombstoneRetention, limit: 1000), .housekeeping)
    }

    private mutating func forgetNode(_ incarnation: Incarnation) {
        guard membership.members[incarnation] == nil, membership.rank.place == 0 else { return }
        ask(.forget(incarnation), .housekeeping)
    }
}
