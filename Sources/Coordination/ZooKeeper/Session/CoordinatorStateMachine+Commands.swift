import SwitchboardCore
import SwitchboardProtocol
import ZooKeeperClient

/// Commands: taken while elections can be held, and completed exactly once each.
extension CoordinatorStateMachine {
    mutating func submitted(_ command: CoordinatorCommand, id: CoordinatorRequestID) -> [Action] {
        // Remembered in any case: every registration sets the markers as they are wanted then.
        if case .mark(let marker, let isSet) = command {
            if isSet { markers.insert(marker) } else { markers.remove(marker) }
        }
        guard case .connected(let session) = phase, isPrepared else { return [refuse(id, refusalReason)] }
        guard commands.count < configuration.maximumCommandsInFlight else {
            return [refuse(id, "too many commands in flight; wait for answers")]
        }
        lastSerial += 1
        commands[lastSerial] = Command(
            id: id, isMark: command.isMark, progress: progress(of: command, session: session))
        guard let step = commands[lastSerial]?.progress.begin() else { return [] }
        return take(step, of: lastSerial)
    }

    private func progress(of command: CoordinatorCommand, session: ZooKeeperSessionID) -> any CommandProgress {
        switch command {
        case .create(let conversation, let leader):
            ElectionProgress(.create(leader: leader), conversation, in: tree)
        case .read(let conversation, let sync):
            ElectionProgress(.read(sync: sync), conversation, in: tree)
        case .claim(let conversation, let leader, let version):
            ElectionProgress(.claim(leader: leader, version: version), conversation, in: tree)
        case .delete(let claims):
            DeletionProgress(claims, in: tree, batchSize: configuration.deletionsPerTransaction)
        case .mark(let marker, let isSet):
            EphemeralProgress(
                isSet ? .present(data: [], owner: session) : .absent,
                path: tree.path(of: marker, beside: configuration.incarnation))
        }
    }

    /// Does what a command's machine asks for.
    mutating func take(_ step: CommandStep, of serial: UInt64) -> [Action] {
        switch step {
        case .ask(let request):
            return [self.request(request, for: .command(serial: serial))]
        case .askWhenReconnected(let request):
            switch phase {
            case .connected:
                return [self.request(request, for: .command(serial: serial))]
            case .disconnected(graceIsOver: false):
                parked.append((serial, request))
                return []
            default:
                return complete(serial, .unavailable(reason: refusalReason))
            }
        case .complete(let result):
            return complete(serial, result)
        }
    }

    private mutating func complete(_ serial: UInt64, _ result: CoordinatorResult) -> [Action] {
        guard let command = commands.removeValue(forKey: serial) else { return [] }
        let actions: [Action] = [.emit(.completed(command.id, result))]
        // A marker that could not be set or cleared is left to the upkeep.
        return command.isMark && result != .done ? actions + retryUpkeep() : actions
    }

    /// The connection is back in time: the commands that wait for it learn their outcome.
    mutating func askParked() -> [Action] {
        let waiting = parked
        parked = []
        return waiting.map { request($0.request, for: .command(serial: $0.serial)) }
    }

    /// Completes what waits for the connection.
    mutating func failParked(_ reason: String) -> [Action] {
        let waiting = parked
        parked = []
        return waiting.flatMap { complete($0.serial, .unavailable(reason: reason)) }
    }

    /// Completes all, in the order in which they came.
    mutating func failAllCommands(_ reason: String) -> [Action] {
        let all = commands.sorted { $0.key < $1.key }
        commands = [:]
        parked = []
        return all.map { .emit(.completed($0.value.id, .unavailable(reason: reason))) }
    }

    private func refuse(_ id: CoordinatorRequestID, _ reason: String) -> Action {
        .emit(.completed(id, .unavailable(reason: reason)))
    }

    private var refusalReason: String {
        switch phase {
        case .closing, .closed: "the coordinator is closed"
        case .connected: "this node is not registered in ZooKeeper yet"
        case .idle, .opening, .connecting, .disconnected, .waitingToReopen: "not connected to ZooKeeper"
        }
    }
}

extension CoordinatorCommand {
    fileprivate var isMark: Bool {
        if case .mark = self { true } else { false }
    }
}
