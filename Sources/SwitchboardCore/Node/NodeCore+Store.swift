import SwitchboardProtocol

/// The store's answers.
extension NodeCore {
    mutating func storeEvent(_ event: StoreEvent) {
        switch event {
        case .completed(let id, let result):
            guard let purpose = storeRequests.removeValue(forKey: id) else { return }
            completed(purpose, result)
        case .laneLost(let lane, let reason):
            log(.warning, "store connection \(lane) lost: \(reason)")
            health.failed(time.now)
            for conversation in leaderships.keys.sorted()
            where lanes.writer(of: conversation) == lane || lane == .barrier {
                perform(leaderships[conversation]?.doubt() ?? [], conversation)
            }
        case .laneRestored(let lane):
            log(.info, "store connection \(lane) is back")
            announceAll()
        }
    }

    private mutating func completed(_ purpose: StorePurpose, _ result: StoreResult) {
        switch purpose {
        case .commit(let lane, let appends, let confirmations):
            committed(lane, appends, confirmations, result)
        case .load(let conversation): loaded(conversation, result)
        case .lookUp(let conversation):
            switch result {
            case .loaded(let log): lookedUp(conversation, log)
            default:
                guard routes[conversation]?.stage == .lookingUp else { return }
                retryLater(conversation, .storeUnavailable)
            }
        case .confirmEnd(let conversation):
            if case .done = result {
                perform(leaderships[conversation]?.endConfirmed() ?? [], conversation)
            } else {
                timers.schedule(.retryEnd(conversation), at: time.now + configuration.maximumStoreRetry)
            }
        case .announce(let connections):
            if case .announced(let conversations) = result {
                announced(connections, conversations)
            } else {
                announceFailed(connections)
            }
        case .withdraw(let keys):
            if case .done = result {
                presence.isWithdrawing = false
            } else {
                withdrawFailed(keys)
            }
        case .ownPresence:
            if case .presence(let rows) = result { ownPresenceRead(rows.values.flatMap { $0 }) }
        case .presentIncarnations:
            if case .incarnations(let present) = result { presentIncarnationsRead(present) }
        case .scan:
            recovery.isScanning = false
            if case .orphans(let orphans) = result { scanned(orphans) }
        case .health:
            health.isProbing = false
            if case .done = result { storeSucceeded() } else { health.failed(time.now) }
        case .featureLevel:
            if case .featureLevel(let level) = result {
                featureLevelRead(level)
                timers.schedule(.featureLevel, at: time.now + configuration.featureLevelInterval)
            } else {
                timers.schedule(.featureLevel, at: time.now + configuration.storeRetry)
            }
        case .housekeeping: break
        }
    }

    private mutating func featureLevelRead(_ level: UInt32) {
        let known = configuration.leadership.knownFeatureLevel
        guard min(level, known) != featureLevel else { return }
        log(.info, "the cluster writes at feature level \(level); this node knows up to \(known)")
        featureLevel = min(level, known)
    }

    private mutating func committed(
        _ lane: StoreLane, _ appends: [ConversationID], _ confirmations: [ConversationID], _ result: StoreResult
    ) {
        switch result {
        case .committed(let batch) where batch.appends.count == appends.count:
            lanes.succeeded(lane)
            storeSucceeded()
            for (conversation, outcome) in zip(appends, batch.appends) {
                appended(conversation, outcome, batch)
            }
            for (conversation, holds) in zip(confirmations, batch.confirmations) {
                perform(leaderships[conversation]?.confirmed(holds) ?? [], conversation)
            }
        case .unknown(let reason):
            failed(lane, reason)
            for conversation in appends + confirmations {
                perform(leaderships[conversation]?.mustReload(outcomeUnknown: true) ?? [], conversation)
            }
        case .unavailable(let reason), .refused(let reason):
            failed(lane, reason)
            if lane == .barrier, reason.hasPrefix("lock_timeout") {
                freeIndexes(of: appends)
            }
            for conversation in appends + confirmations {
                perform(leaderships[conversation]?.notCommitted() ?? [], conversation)
                if health.isOut {
                    perform(leaderships[conversation]?.rejectWaiting(.storeUnavailable) ?? [], conversation)
                }
            }
        default:
            failed(lane, "an answer of another kind")
            for conversation in appends + confirmations {
                perform(leaderships[conversation]?.mustReload(outcomeUnknown: true) ?? [], conversation)
            }
        }
    }

    private mutating func appended(
        _ conversation: ConversationID, _ outcome: AppendResult, _ batch: StoreBatchResult
    ) {
        switch outcome {
        case .committed(let born):
            var rows: [PresenceRow] = []
            if let opening = leaderships[conversation]?.inFlight?.state.opening {
                rows = batch.presence[opening.caller.user] ?? []
                if let callee = opening.callee { rows += batch.presence[callee] ?? [] }
                rows.removeAll { !membership.isPresent($0.key.incarnation) }
            }
            perform(
                leaderships[conversation]?.committed(
                    born: born, presence: rows, pushes: batch.pushes[conversation] ?? 0, time) ?? [], conversation)
        case .clash:
            perform(leaderships[conversation]?.mustReload() ?? [], conversation)
        case .blocked(let holder):
            perform(leaderships[conversation]?.blocked(by: holder) ?? [], conversation)
        case .refused(let reason):
            perform(leaderships[conversation]?.refused(reason: reason) ?? [], conversation)
        }
    }

    private mutating func failed(_ lane: StoreLane, _ reason: String) {
        log(.warning, "the store did not take a transaction on \(lane): \(reason)")
        health.failed(time.now)
        let until = lanes.failed(
            lane, now: time.now, retry: configuration.storeRetry, maximum: configuration.maximumStoreRetry)
        timers.schedule(.lane(lane), at: until)
    }

    /// A stopped leader's half-sent transaction holds an index; its store sessions are ended.
    private mutating func freeIndexes(of conversations: [ConversationID]) {
        let holders = Set(conversations.compactMap { leaderships[$0]?.position?.id.incarnation }).subtracting([me])
        for holder in holders.sorted() {
            log(.warning, "ending the store sessions of \(holder), which hold a log's next index")
            ask(.terminateSessions(of: holder), .housekeeping)
        }
    }

    private mutating func loaded(_ conversation: ConversationID, _ result: StoreResult) {
        loadsInFlight -= 1
        defer { continueLoads() }
        switch result {
        case .loaded(let log):
            perform(leaderships[conversation]?.loaded(log, time) ?? [], conversation)
        case .refused(let reason):
            log(.error, "the log cannot be read: \(reason)", conversation)
            perform(leaderships[conversation]?.rejectWaiting(.serverError) ?? [], conversation)
            timers.schedule(.quarantine(conversation), at: time.now + .seconds(60))
        default:
            health.failed(time.now)
            if health.isOut {
                perform(leaderships[conversation]?.rejectWaiting(.storeUnavailable) ?? [], conversation)
            }
            timers.schedule(.retryLoad(conversation), at: time.now + configuration.maximumStoreRetry)
        }
    }

    private mutating func storeSucceeded() {
        guard health.succeeded() else { return }
        log(.info, "the store takes commits again")
        ask(.mark(.noStore, false), .housekeeping)
    }
}
