import Logging
import SwitchboardCore
import SwitchboardProtocol
import ZooKeeperClient

/// Sessions: one after the other, each registering the same incarnation.
extension CoordinatorStateMachine {
    // MARK: Making clients

    mutating func started() -> [Action] {
        guard phase == .idle else { return [] }
        phase = .opening
        return [.openClient]
    }

    mutating func clientOpened() -> [Action] {
        switch phase {
        case .opening:
            phase = .connecting
            return []
        case .closing(isOpening: true):
            phase = .closing(isOpening: false)
            return [.closeClient]
        default:
            return []
        }
    }

    mutating func openingFailed(_ error: ZooKeeperError) -> [Action] {
        switch phase {
        case .opening: [.log(.error, error.description)] + reopen()
        case .closing(isOpening: true): clientClosed()
        default: []
        }
    }

    /// Another client after a while.
    private mutating func reopen() -> [Action] {
        phase = .waitingToReopen
        return [.startTimer(.reopening, after: backoff.next())]
    }

    // MARK: What the client tells

    mutating func happened(_ event: ZooKeeperEvent) -> [Action] {
        switch event {
        case .session(let event): return sessionHappened(event)
        case .completed(let id, let answer): return answered(id, answer)
        case .childrenChanged(let path):
            guard path == tree.nodes, case .connected = phase else { return [] }
            let step = upkeep.membersChanged()
            return take(step)
        }
    }

    private mutating func sessionHappened(_ event: ZooKeeperSessionEvent) -> [Action] {
        switch event {
        case .connected(let session, let timeout):
            return connected(session, timeout)
        case .disconnected:
            guard case .connected = phase else { return [] }
            disconnections += 1
            phase = .disconnected(graceIsOver: false)
            upkeep.abandon()
            return [
                .log(.notice, "connection to ZooKeeper lost"),
                .startTimer(.grace(disconnection: disconnections), after: configuration.disconnectionGrace),
            ]
        case .presumedExpired:
            // The session may live, but waiting for it may be in vain: servers refuse, without a word, every client that has
            // seen later transactions than they, and so those of a wiped or restored ensemble would refuse this one for
            // good. A new session has seen nothing; should the old registration still stand, it is replaced.
            return sessionEnded("no connection to ZooKeeper for a whole session timeout, beginning a new session")
        case .expired:
            return sessionEnded("the ZooKeeper session has expired")
        case .authenticationFailed:
            return sessionEnded("ZooKeeper refuses the credentials")
        case .closed:
            return []
        }
    }

    private mutating func connected(_ session: ZooKeeperSessionID, _ timeout: Duration) -> [Action] {
        switch phase {
        case .connecting, .disconnected: phase = .connected(session)
        default: return []
        }
        let log = Action.log(.info, "connected to ZooKeeper, session \(session), timeout \(timeout)")
        let step = upkeep.begin(session: session, markers: markers)
        return [log] + askParked() + take(step)
    }

    private mutating func sessionEnded(_ reason: String) -> [Action] {
        switch phase {
        case .connecting, .connected, .disconnected: break
        default: return []
        }
        let actions = sessionIsOver(reason)
        return [.log(.warning, reason), .dropClient] + actions + reopen()
    }

    // MARK: Availability

    /// Nothing of the session is left: commands fail, elections cannot be held.
    mutating func sessionIsOver(_ reason: String) -> [Action] {
        isPrepared = false
        hasToldMembers = false
        missedMembers = toldMembers
        lostSessions += 1
        owners = [:]
        upkeep.abandon()
        return failAllCommands(reason) + becameUnavailable(reason)
    }

    mutating func becameUnavailable(_ reason: String) -> [Action] {
        let failed = failParked(reason)
        guard isAvailable else { return failed }
        isAvailable = false
        return failed + [.emit(.availability(false))]
    }

    // MARK: Upkeep

    /// Does what the upkeep asks for.
    mutating func take(_ step: SessionUpkeep.Step) -> [Action] {
        switch step {
        case .ask(let requests):
            let run = upkeep.run
            return requests.map { request($0.1, for: .upkeep(run: run, $0.0)) }
        case .wait:
            return []
        case .finished:
            return upkeepFinished()
        case .failed(let reason):
            return [.log(.warning, "cannot register or list the members, will try again: \(reason)")] + retryUpkeep()
        }
    }

    private mutating func upkeepFinished() -> [Action] {
        isPrepared = true
        var actions: [Action] = upkeep.takeUnreadable().map {
            .log(.error, "ignoring the node \($0.debugDescription): its data cannot be understood")
        }
        if !hasToldMembers, !missedMembers.isEmpty {
            actions.append(.startTimer(.settling(lostSession: lostSessions), after: configuration.settlingTime))
        }
        actions += tellMembers()
        if !isAvailable {
            isAvailable = true
            actions.append(.emit(.availability(true)))
        }
        // A marker changed meanwhile, or somebody deleted what is ours.
        if !upkeep.isRegistered(with: markers) { return actions + retryUpkeep() }
        backoff.reset()
        return actions
    }

    /// Tells the members if they have changed, or for the first time in this session.
    mutating func tellMembers() -> [Action] {
        let present = upkeep.table.members
        missedMembers = missedMembers.filter { present[$0.key] == nil }
        let members = present.merging(missedMembers) { present, _ in present }
        guard members != toldMembers || !hasToldMembers else { return [] }
        toldMembers = members
        hasToldMembers = true
        return [.emit(.membersChanged(members))]
    }

    /// The whole upkeep again after a while, unless the connection is lost by then or something else has begun.
    mutating func retryUpkeep() -> [Action] {
        guard case .connected = phase else { return [] }
        return [.startTimer(.upkeep(run: upkeep.run), after: backoff.next())]
    }
}
