import SwitchboardProtocol

/// Presence: committed first, then the user's live conversations are read, in one flush; with the leader's "commit, then read
/// presence" on the other side nobody is overlooked.
extension NodeCore {
    private func key(of session: Session) -> PresenceKey {
        PresenceKey(address: session.address, incarnation: me, connection: session.connection)
    }

    /// At the end of a turn.
    mutating func sendPresence() {
        if !presence.isAnnouncing, !presence.toAnnounce.isEmpty {
            let connections = presence.toAnnounce.prefix(PresenceQueue.batch).filter { sessions[$0] != nil }
            presence.toAnnounce.removeFirst(min(PresenceQueue.batch, presence.toAnnounce.count))
            if !connections.isEmpty {
                var rows: [PresenceRow] = []
                for connection in connections {
                    guard let session = sessions[connection] else { continue }
                    rows.append(PresenceRow(key: key(of: session), counter: session.counter))
                    presence.announcing[connection] = key(of: session)
                }
                presence.isAnnouncing = true
                ask(.announce(rows), .announce(Array(connections)))
            }
        }
        if !presence.isWithdrawing, !presence.toWithdraw.isEmpty {
            let keys = Array(presence.toWithdraw.prefix(PresenceQueue.batch))
            presence.toWithdraw.removeFirst(keys.count)
            presence.isWithdrawing = true
            ask(.withdraw(keys), .withdraw(keys))
        }
    }

    mutating func withdraw(_ session: Session) {
        if presence.announcing[session.connection] != nil {
            return  // when that has returned, the session is missed and its row withdrawn
        }
        if let waiting = presence.toAnnounce.firstIndex(of: session.connection), !session.isAnnounced {
            presence.toAnnounce.remove(at: waiting)
            return
        }
        presence.toWithdraw.append(key(of: session))
    }

    mutating func announced(_ connections: [ConnectionID], _ conversations: [UserID: [ConversationID]]) {
        presence.isAnnouncing = false
        for connection in connections {
            let key = presence.announcing.removeValue(forKey: connection)
            guard let session = sessions[connection] else {
                if let key { presence.toWithdraw.append(key) }
                continue
            }
            sessions[connection]?.isAnnounced = true
            let live = conversations[session.address.user] ?? []
            for conversation in live.prefix(configuration.maximumAttachments)
            where session.attachments[conversation] == nil {
                sessions[connection]?.unanswered.insert(conversation)
                attach(connection, conversation, cursor: nil, isNamed: false)
            }
            checkSync(connection)
        }
    }

    mutating func announceFailed(_ connections: [ConnectionID]) {
        presence.isAnnouncing = false
        for connection in connections {
            let key = presence.announcing.removeValue(forKey: connection)
            if sessions[connection] == nil, let key { presence.toWithdraw.append(key) }
        }
        presence.toAnnounce = connections.filter { sessions[$0] != nil } + presence.toAnnounce
        // Not at once: the timer's turn sends it.
        presence.isAnnouncing = true
        timers.schedule(.retryPresence, at: time.now + configuration.maximumStoreRetry)
    }

    mutating func withdrawFailed(_ keys: [PresenceKey]) {
        presence.toWithdraw = keys + presence.toWithdraw
        timers.schedule(.retryPresence, at: time.now + configuration.maximumStoreRetry)
    }

    // MARK: Reconciling

    /// From time to time: rows that got lost are written again, and rows that should have gone are looked for.
    mutating func reconcilePresence() {
        announceAll()
        guard !health.isOut else { return }
        ask(.readOwnPresence(me), .ownPresence)
        if membership.rank.place == 0 { ask(.readPresentIncarnations, .presentIncarnations) }
    }

    /// A row of this node's without a connection would let a leader ring nobody.
    mutating func ownPresenceRead(_ rows: [PresenceRow]) {
        let waiting = Set(presence.toWithdraw)
        let stale = rows.map(\.key).filter { key in
            sessions[key.connection]?.address != key.address && presence.announcing[key.connection] == nil
                && !waiting.contains(key)
        }
        presence.toWithdraw += stale.sorted { $0.connection < $1.connection }
    }

    /// Rows of nodes that have gone while nobody saw it, as when all went together. Whoever was a stranger the last time too is
    /// forgotten: a node that has just started registers before it writes rows, but others may hear of it later.
    mutating func presentIncarnationsRead(_ present: [Incarnation]) {
        guard membership.isKnown else { return }
        let strangers = Set(present.filter { !membership.isPresent($0) })
        for stranger in strangers.intersection(presence.strangers).sorted() {
            log(.info, "presence of \(stranger), which is gone, is deleted")
            ask(.forget(stranger), .housekeeping)
        }
        presence.strangers = strangers
    }

    /// Rows may be missing, after a database failover above all: each node writes its own again, and looks for calls that its
    /// devices should take part in.
    mutating func announceAll() {
        let waiting = Set(presence.toAnnounce)
        presence.toAnnounce += sessions.keys.sorted().filter {
            !waiting.contains($0) && presence.announcing[$0] == nil
        }
    }
}
