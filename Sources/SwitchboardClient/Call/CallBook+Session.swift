import SwitchboardProtocol

/// What the session tells.
extension CallBook {
    package mutating func happened(_ event: SessionEvent) -> [Output] {
        switch event {
        case .welcomed(let welcome):
            unconfirmed = Set(running.keys)
            return settled(iceServersReceived(welcome.iceServers))
        case .iceServers(let servers): return settled(iceServersReceived(servers.iceServers))
        case .synchronized(let missing):
            isSynchronized = true
            // What goes on elsewhere has been told again by now.
            let gone = unconfirmed.subtracting(missing).sorted().flatMap { over($0) }
            return gone + settled(pushed.sorted().flatMap { missing.contains($0) ? patience($0) : settle(push: $0) })
        case .disconnected:
            isSynchronized = false
            return []
        case .accepted(let id, _): return settled(run(id) { $0.accepted() })
        case .delivered(let id, let delivery): return settled(delivered(id, delivery))
        case .snapshot(let id, let snapshot): return settled(snapshotReceived(id, snapshot))
        case .refused(let id, _, let error, let message): return settled(run(id) { $0.refused(message, error) })
        case .dropped(let id, _, _): return settled(run(id) { $0.unknown() } + over(id) + settle(push: id))
        case .ended: return settled(live.flatMap { run($0) { $0.sessionEnded() } })
        case .connecting, .postponed, .failed: return []
        }
    }

    mutating func delivered(_ id: ConversationID, _ delivery: WireDeliver) -> [Output] {
        let message = delivery.message
        var outputs: [Output] = []
        switch message.content {
        case .elsewhere(let elsewhere): outputs += elsewhereReceived(id, elsewhere)
        case .invite(let invite) where handles[id] == nil:
            unshown.append(add(.incoming(id, invite, around)))
        case .ended(let ended): outputs += endReceived(id, ended)
        default: break
        }
        if case .glare(let glare) = message.content {
            outputs += glareReceived(id, glare)
        } else {
            outputs += run(id) { $0.received(message, device: delivery.device) }
        }
        if let machine = handles[id].flatMap({ calls[$0] }), machine.isSelected, !machine.state.hasEnded {
            outputs += over(id)
        }
        return outputs + heard(id)
    }

    /// The whole call is over, and not only this device's attempt to fetch it.
    mutating func endReceived(_ id: ConversationID, _ ended: WireEnded) -> [Output] {
        let isAttempt = [EndReason.connectFailed.rawValue, EndReason.cancelled.rawValue].contains(ended.reason)
        let isTakingOver = handles[id].flatMap { calls[$0] }?.isTakingOver == true
        return isTakingOver && !isAttempt ? over(id) : []
    }

    mutating func snapshotReceived(_ id: ConversationID, _ snapshot: WireSnapshot) -> [Output] {
        var outputs: [Output] = []
        if snapshot.state != "ended", !snapshot.activeDevice.isEmpty, snapshot.activeDevice != device.text {
            outputs += goesOnElsewhere(id, snapshot)
        } else {
            outputs += over(id)
        }
        if handles[id] != nil {
            outputs += run(id) { $0.snapshotReceived(snapshot) }
        } else {
            outputs += unknownReceived(id, snapshot)
        }
        return outputs + heard(id)
    }

    /// A call of this device of which this life of the application knows nothing.
    mutating func unknownReceived(_ id: ConversationID, _ snapshot: WireSnapshot) -> [Output] {
        guard snapshot.state != "ended" else { return [] }
        let mine = snapshot.role == "caller" ? snapshot.callerDevice : snapshot.calleeDevice
        // (One that rings for the callee is told once more, from its invite on.)
        guard mine == device.text else { return [] }
        let handle = add(.resuming(id, snapshot, around))
        guard options.resumesCalls else {
            // Its media went with the application: it must not ring, nor go on in silence.
            return run(handle) { $0.hangUp(.mediaLost) }
        }
        return [.tell(.resumed(handle))] + run(handle) { $0.resume() }
    }

    mutating func iceServersReceived(_ servers: [WireIceServer]) -> [Output] {
        iceServers = servers.map(IceServer.init)
        areIceServersFresh = true
        let changed = live.flatMap { run($0) { [iceServers] in $0.iceServersChanged(iceServers) } }
        return changed + [.schedule(.iceServersAge, after: Self.freshness)] + goOnWithServers()
    }

    mutating func goOnWithServers() -> [Output] {
        guard !waitingForServers.isEmpty else { return [] }
        let waiting = waitingForServers
        waitingForServers = []
        return [.cancel(.iceServersDue)] + waiting.flatMap { run($0) { $0.iceServersFresh() } }
    }

    mutating func wantFreshServers(_ handle: CallHandle) -> [Output] {
        guard !areIceServersFresh else { return run(handle) { $0.iceServersFresh() } }
        guard !waitingForServers.contains(handle) else { return [] }
        waitingForServers.append(handle)
        guard waitingForServers.count == 1 else { return [] }
        return [.requestIceServers, .schedule(.iceServersDue, after: Self.patienceForServers)]
    }
}
