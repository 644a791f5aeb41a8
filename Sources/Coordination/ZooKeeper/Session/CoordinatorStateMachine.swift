import Logging
import SwitchboardCore
import SwitchboardProtocol
import ZooKeeperClient

/// All decisions of a ZooKeeper coordinator: inputs are named after what happened, results are actions, to be done in their
/// order. No input or output, no clock, no locks.
///
/// Sessions follow each other; each is prepared by ``SessionUpkeep`` before commands are taken. A late input (the answer to an
/// abandoned request, the timer of an earlier disconnection) is lawful and does nothing.
struct CoordinatorStateMachine: Sendable {
    enum Action {
        /// Make a client; tell ``clientOpened()`` or ``openingFailed(_:)``.
        case openClient
        /// Let go of the client, whose session has ended.
        case dropClient
        /// Close the client in an orderly way; tell ``clientClosed()``.
        case closeClient
        /// Ask the client.
        case request(ZooKeeperRequest, ZooKeeperRequestID)
        /// Tell ``timerFired(_:)`` after a while.
        case startTimer(Timer, after: Duration)
        case emit(CoordinatorEvent)
        case log(Logger.Level, String)
        /// Closed: nothing follows but refusals.
        case finish
    }

    enum Timer: Hashable, Sendable {
        /// Time to make another client.
        case reopening
        /// The grace of this disconnection, counted from the first, is over.
        case grace(disconnection: UInt64)
        /// Those who have not registered again since this session was lost, counted from the first, are gone.
        case settling(lostSession: UInt64)
        /// Time to try the upkeep again that failed as this run.
        case upkeep(run: UInt64)
    }

    /// Where the session stands.
    enum Phase: Equatable {
        case idle
        case opening
        case connecting
        case connected(ZooKeeperSessionID)
        case disconnected(graceIsOver: Bool)
        case waitingToReopen
        /// `isOpening`: a client is being made that must then be closed.
        case closing(isOpening: Bool)
        case closed
    }

    /// Whose request it is.
    enum Owner {
        case command(serial: UInt64)
        case upkeep(run: UInt64, SessionUpkeep.Errand)
    }

    struct Command {
        let id: CoordinatorRequestID
        let isMark: Bool
        var progress: any CommandProgress
    }

    let configuration: ZooKeeperCoordinatorConfiguration
    let tree: NodeTree
    var phase = Phase.idle
    var markers: Set<NodeMarker>
    /// This node is registered in the present session.
    var isPrepared = false
    /// What was last told.
    var isAvailable = false
    /// What was last told.
    var toldMembers: [Incarnation: NodeMember] = [:]
    /// The members have been told in this session.
    var hasToldMembers = false
    /// Members of the time before the session was lost, until they register again or the settling time is over.
    var missedMembers: [Incarnation: NodeMember] = [:]
    var lostSessions: UInt64 = 0
    var upkeep: SessionUpkeep
    var backoff: Backoff
    var disconnections: UInt64 = 0

    var lastRequest: UInt64 = 0
    var owners: [UInt64: Owner] = [:]
    var lastSerial: UInt64 = 0
    var commands: [UInt64: Command] = [:]
    /// Requests of commands that wait for the connection to come back, in their order.
    var parked: [(serial: UInt64, request: ZooKeeperRequest)] = []

    init(_ configuration: ZooKeeperCoordinatorConfiguration) throws(CoordinationError) {
        guard NodeTree.canRegister(configuration.incarnation) else {
            throw .invalidIncarnation(configuration.incarnation)
        }
        self.configuration = configuration
        tree = try NodeTree(root: configuration.root)
        markers = configuration.member.markers
        upkeep = SessionUpkeep(tree: tree, incarnation: configuration.incarnation, member: configuration.member)
        backoff = Backoff(initial: configuration.retryDelay, maximum: configuration.maximumRetryDelay)
    }

    // MARK: Answers

    /// A request was answered, has failed or was refused by the client.
    mutating func answered(
        _ id: ZooKeeperRequestID, _ answer: Result<ZooKeeperResponse, ZooKeeperError>
    ) -> [Action] {
        switch owners.removeValue(forKey: id.rawValue) {
        case .command(let serial)?:
            guard let step = commands[serial]?.progress.answered(answer) else { return [] }
            return take(step, of: serial)
        case .upkeep(let run, let errand)?:
            guard run == upkeep.run else { return [] }
            let step = upkeep.answered(errand, answer)
            return take(step)
        case nil:
            return []
        }
    }

    mutating func request(_ request: ZooKeeperRequest, for owner: Owner) -> Action {
        lastRequest += 1
        owners[lastRequest] = owner
        return .request(request, ZooKeeperRequestID(rawValue: lastRequest))
    }

    // MARK: Timers

    mutating func timerFired(_ timer: Timer) -> [Action] {
        switch timer {
        case .reopening:
            guard phase == .waitingToReopen else { return [] }
            phase = .opening
            return [.openClient]
        case .grace(let disconnection):
            guard phase == .disconnected(graceIsOver: false), disconnection == disconnections else { return [] }
            phase = .disconnected(graceIsOver: true)
            return becameUnavailable("not connected to ZooKeeper")
        case .settling(let lostSession):
            guard lostSession == lostSessions, isPrepared else { return [] }
            missedMembers = [:]
            return tellMembers()
        case .upkeep(let run):
            guard case .connected(let session) = phase, upkeep.isIdle, run == upkeep.run else { return [] }
            let step = upkeep.begin(session: session, markers: markers)
            return take(step)
        }
    }

    // MARK: Closing

    /// Ends everything; idempotent.
    mutating func closeRequested() -> [Action] {
        let before = phase
        switch before {
        case .closing, .closed: return []
        case .opening: phase = .closing(isOpening: true)
        case .connecting, .connected, .disconnected: phase = .closing(isOpening: false)
        case .idle, .waitingToReopen: phase = .closed
        }
        let actions = sessionIsOver("the coordinator is closing")
        switch before {
        case .connecting, .connected, .disconnected: return actions + [.closeClient]
        case .idle, .waitingToReopen: return actions + [.finish]
        case .opening, .closing, .closed: return actions
        }
    }

    mutating func clientClosed() -> [Action] {
        guard case .closing = phase else { return [] }
        phase = .closed
        return [.finish]
    }
}
