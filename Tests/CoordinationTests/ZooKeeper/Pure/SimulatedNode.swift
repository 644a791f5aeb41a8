import SwitchboardCore
import SwitchboardProtocol
import ZooKeeperClient

@testable import Coordination

/// A coordinator's machine with everything around it simulated: its client, its connection, its timers.
struct SimulatedNode {
    let incarnation: Incarnation
    var machine: CoordinatorStateMachine
    /// Requests in flight, in their order.
    private(set) var inFlight: [(request: ZooKeeperRequest, id: ZooKeeperRequestID)] = []
    private(set) var timers: [CoordinatorStateMachine.Timer] = []
    private(set) var events: [CoordinatorEvent] = []
    /// A client is there, connected or not.
    private(set) var hasClient = false
    private(set) var wishesClient = false
    private(set) var isFinished = false
    private(set) var isConnected = false
    /// The present session; `nil` before the first connection of a client, and after the session has ended.
    private(set) var session: ZooKeeperSessionID?

    init(_ name: String, root: String = "", maximumCommandsInFlight: Int = 100) throws {
        incarnation = Incarnation(trusted: name)
        let member = NodeMember(
            address: PeerAddress(host: name, port: 1), datacenter: "", featureLevel: 1, software: "")
        let configuration = ZooKeeperCoordinatorConfiguration(
            hosts: "", root: root, incarnation: incarnation, member: member,
            maximumCommandsInFlight: maximumCommandsInFlight)
        machine = try CoordinatorStateMachine(configuration)
        take { $0.started() }
    }

    /// One input and all that follows from it at once.
    mutating func take(_ input: (inout CoordinatorStateMachine) -> [CoordinatorStateMachine.Action]) {
        for action in input(&machine) {
            switch action {
            case .openClient: wishesClient = true
            case .dropClient: loseClient()
            case .closeClient:
                loseClient()
                take { $0.clientClosed() }
            case .request(let request, let id):
                if hasClient {
                    inFlight.append((request, id))
                } else {
                    take { $0.answered(id, .failure(.notConnected)) }
                }
            case .startTimer(let timer, _): timers.append(timer)
            case .emit(let event): events.append(event)
            case .log: break
            case .finish: isFinished = true
            }
        }
    }

    private mutating func loseClient() {
        hasClient = false
        isConnected = false
        session = nil
        inFlight = []
    }

    // MARK: What the world does

    mutating func openClient() {
        wishesClient = false
        hasClient = true
        take { $0.clientOpened() }
    }

    mutating func connect(_ session: ZooKeeperSessionID) {
        self.session = session
        isConnected = true
        take { $0.happened(.session(.connected(session, timeout: .seconds(6)))) }
    }

    /// The next request reaches the ensemble, and its answer the node.
    mutating func answerNext(by ensemble: inout SimulatedEnsemble) {
        guard let session, !inFlight.isEmpty else { return }
        let (request, id) = inFlight.removeFirst()
        let answer = ensemble.perform(request, in: session)
        take { $0.happened(.completed(id, answer)) }
    }

    /// The connection breaks: so many of the requests in flight still reach the ensemble, no answer comes.
    mutating func disconnect(carryingOut count: Int, by ensemble: inout SimulatedEnsemble) {
        guard let session, isConnected else { return }
        let lost = inFlight
        inFlight = []
        for (request, _) in lost.prefix(count) { _ = ensemble.perform(request, in: session) }
        isConnected = false
        take { $0.happened(.session(.disconnected)) }
        for (_, id) in lost { take { $0.happened(.completed(id, .failure(.connectionLoss))) } }
    }

    mutating func expire() {
        take { $0.happened(.session(.expired)) }
    }

    mutating func fire(_ index: Int) {
        let timer = timers.remove(at: index)
        take { $0.timerFired(timer) }
    }

    mutating func submit(_ command: CoordinatorCommand, _ id: UInt64) {
        take { $0.submitted(command, id: CoordinatorRequestID(id)) }
    }

    // MARK: What it told

    func results(_ id: UInt64) -> [CoordinatorResult] {
        events.compactMap { event in
            if case .completed(CoordinatorRequestID(id), let result) = event { result } else { nil }
        }
    }

    var memberLists: [[Incarnation: NodeMember]] {
        events.compactMap { event in
            if case .membersChanged(let members) = event { members } else { nil }
        }
    }

    var availabilities: [Bool] {
        events.compactMap { event in
            if case .availability(let isAvailable) = event { isAvailable } else { nil }
        }
    }
}
