import SwiftProtobuf
import SwitchboardProtocol

@testable import SwitchboardCore

/// One node core, told by hand what happens to it.
struct NodeUnderTest {
    static let call = ConversationID(high: 7, low: 8)
    static let other = Incarnation(trusted: "b.1")
    static let third = Incarnation(trusted: "c.1")

    var core: NodeCore
    var now: Duration = .zero
    private(set) var actions: [NodeAction] = []

    /// With itself and two others registered and linked.
    init(_ configure: (inout NodeConfiguration) -> Void = { _ in }) {
        var configuration = NodeConfiguration(incarnation: Incarnation(trusted: "a.1"), name: "a")
        configure(&configuration)
        core = NodeCore(configuration)
        let member = NodeMember(
            address: PeerAddress(host: "h", port: 1), datacenter: "x", featureLevel: 1, software: "s")
        handle(
            .coordinator(
                .membersChanged([core.configuration.incarnation: member, Self.other: member, Self.third: member])),
            .peer(.up(Self.other)), .peer(.up(Self.third)))
        answerStore(.featureLevel(FeatureLevel.first)) { if case .readFeatureLevel = $0 { true } else { false } }
    }

    mutating func handle(_ events: NodeEvent...) {
        actions = core.handle(events, at: TurnTime(now: Moment(now), wallMilliseconds: 0))
    }

    mutating func tick(_ duration: Duration) {
        now += duration
        handle(.ticked)
    }

    // MARK: What it did in the last turn

    var errors: [String] {
        frames.compactMap { if case .error(let error)? = $0.frame { "\(error.name) \(error.number)" } else { nil } }
    }

    var frames: [WireServerFrame] {
        actions.flatMap { if case .sendToClient(_, let frames) = $0 { frames } else { [WireServerFrame]() } }
    }

    var peerFrames: [PeerPeerFrame] {
        actions.flatMap { if case .sendToPeer(_, let frames) = $0 { frames } else { [PeerPeerFrame]() } }
    }

    /// Coordinator commands, by name.
    var coordinated: [String] {
        actions.compactMap { action in
            guard case .coordinate(let command, _) = action else { return nil }
            return switch command {
            case .create: "create"
            case .read: "read"
            case .claim: "claim"
            case .delete: "delete"
            case .mark: "mark"
            }
        }
    }

    var scans: Int {
        actions.count { if case .store(.scanOrphans, _) = $0 { true } else { false } }
    }

    // MARK: Answers

    mutating func answerCoordinator(_ result: CoordinatorResult) {
        for case .coordinate(_, let id) in actions {
            return handle(.coordinator(.completed(id, result)))
        }
    }

    /// Answers the first command that the filter takes.
    mutating func answerStore(_ result: StoreResult, where isMeant: (StoreCommand) -> Bool) {
        for case .store(let command, let id) in actions where isMeant(command) {
            return handle(.store(.completed(id, result)))
        }
    }

    mutating func answerPolicy() {
        for case .askPolicy(_, let id) in actions {
            return handle(.policyAnswered(id, .allowed))
        }
    }

    // MARK: Clients

    mutating func hello(
        _ user: String, _ connection: UInt64, naming cursors: [WireCursor] = [], mayCall: CallPermission? = nil
    ) {
        let hello = WireHello.with {
            $0.device = "d\(connection)"
            $0.connection = 1
            $0.outbox = "o"
            $0.conversations = cursors
        }
        handle(
            .helloReceived(
                ConnectionID(connection),
                VerifiedToken(user: UserID(trusted: user), expiresAtMilliseconds: nil, mayCall: mayCall), hello))
    }

    mutating func send(_ connection: UInt64, _ numbered: (UInt32, WireMessage)...) {
        let events = numbered.map { number, message in
            NodeEvent.frameReceived(
                ConnectionID(connection),
                WireClientFrame.with {
                    $0.send.conversation = Self.call.description
                    $0.send.number = number
                    $0.send.message = message
                })
        }
        actions = core.handle(events, at: TurnTime(now: Moment(now), wallMilliseconds: 0))
    }

    mutating func attachedAnswer(from peer: Incarnation, _ build: (inout PeerAttached) -> Void) {
        var answer = PeerAttached()
        answer.conversation = Self.call.description
        answer.connection = "c1"
        answer.complete = true
        build(&answer)
        handle(.peer(.received([PeerPeerFrame.with { $0.attached = answer }], from: peer)))
    }
}

extension StoreCommand {
    var isLoad: Bool { if case .load = self { true } else { false } }
    var isCommit: Bool { if case .commit = self { true } else { false } }
}
