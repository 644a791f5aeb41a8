import DequeModule
import SwiftProtobuf
public import SwitchboardProtocol

/// All decisions of one node, as a value: events in, actions out. No I/O, no clock, no randomness, no locks; outside things are
/// named by ids. One thread runs it, in turns: everything that has arrived is handled, then what is to be committed goes out
/// as one transaction per lane and what is to be sent as one write per socket.
///
/// The node is at once *front* (sessions, routes: it holds sockets and finds leaders; all of that can be asked again) and
/// *leader* of the conversations that it has won (leaderships: each a log position and a folded state).
public struct NodeCore: Sendable {
    public let configuration: NodeConfiguration

    var time = TurnTime(now: Moment(.zero), wallMilliseconds: 0)
    var out = TurnOutput()
    var timers = TimerQueue<TimerKey>()
    var membership: Membership

    // Front.
    var sessions: [ConnectionID: Session] = [:]
    var devices: [DeviceAddress: ConnectionID] = [:]
    var users: [UserID: Set<ConnectionID>] = [:]
    var routes: [ConversationID: Route] = [:]
    /// Routes by the leader they name, so that a node's end concerns its conversations only.
    var routesByLeader: [Incarnation: Set<ConversationID>] = [:]
    var presence = PresenceQueue()
    /// Peers towards which frames were dropped, until that has been made good.
    var overflowed: Set<Incarnation> = []
    /// The coordinator has ended this node's registration; others may delete its presence.
    var wasUnregistered = false
    var isDraining = false
    /// At which the cluster writes; until the store has said so, what every node can fold.
    var featureLevel = FeatureLevel.first

    // Leader.
    var leaderships: [ConversationID: Leadership] = [:]
    var lanes: CommitLanes
    var appendCounter: AppendCounter
    var loadsWaiting: Deque<ConversationID> = []
    var loadsInFlight = 0
    var recovery = Recovery()
    var health = StoreHealth()
    var ended: [ConversationClaim] = []

    // Questions that are out.
    var lastRequest: UInt64 = 0
    var storeRequests: [StoreRequestID: StorePurpose] = [:]
    var coordinatorRequests: [CoordinatorRequestID: CoordinatorPurpose] = [:]
    var policyRequests: [PolicyRequestID: PolicyQuestion] = [:]

    public init(_ configuration: NodeConfiguration) {
        self.configuration = configuration
        membership = Membership(incarnation: configuration.incarnation)
        lanes = CommitLanes(writers: configuration.writerLanes)
        appendCounter = AppendCounter(incarnation: configuration.incarnation)
        timers.schedule(.scan, at: Moment(configuration.scanInterval))
        timers.schedule(.health, at: Moment(.milliseconds(500)))
        timers.schedule(.collect, at: Moment(.seconds(60)))
        timers.schedule(.reconcile, at: Moment(configuration.presenceInterval))
        timers.schedule(.featureLevel, at: Moment(.zero))
    }

    var me: Incarnation { configuration.incarnation }

    /// When the core wants to be called with `.ticked` at the latest; nil: no timer is set.
    public var nextTimer: Moment? { timers.nextDue }

    /// One turn. `time.now` must not go back.
    public mutating func handle(_ events: [NodeEvent], at time: TurnTime) -> [NodeAction] {
        self.time = time
        for event in events {
            handle(event)
        }
        while let key = timers.popDue(time.now) {
            fired(key)
        }
        sendPresence()
        commitAll()
        return out.finish()
    }

    private mutating func handle(_ event: NodeEvent) {
        switch event {
        case .helloReceived(let connection, let token, let hello): helloReceived(connection, token, hello)
        case .frameReceived(let connection, let frame): frameReceived(connection, frame)
        case .tokenRefreshed(let connection, let token): tokenRefreshed(connection, token)
        case .connectionClosed(let connection): connectionClosed(connection)
        case .policyAnswered(let id, let verdict): policyAnswered(id, verdict)
        case .pushAnswered(let conversation, let endpoint, let isTaken):
            carryPushAnswer(conversation, endpoint, isTaken: isTaken)
        case .store(let event): storeEvent(event)
        case .coordinator(let event): coordinatorEvent(event)
        case .peer(let event): peerEvent(event)
        case .drainRequested(let spread): drain(spread: spread)
        case .ticked: break
        }
    }

    // MARK: Asking

    mutating func ask(_ command: StoreCommand, _ purpose: StorePurpose) {
        lastRequest += 1
        let id = StoreRequestID(lastRequest)
        storeRequests[id] = purpose
        out.perform(.store(command, id))
    }

    mutating func ask(_ command: CoordinatorCommand, _ purpose: CoordinatorPurpose) {
        lastRequest += 1
        let id = CoordinatorRequestID(lastRequest)
        coordinatorRequests[id] = purpose
        out.perform(.coordinate(command, id))
    }

    mutating func log(_ level: NodeLogLine.Level, _ message: String, _ conversation: ConversationID? = nil) {
        out.perform(.log(NodeLogLine(level, message, conversation: conversation)))
    }

    /// Sends to another node, directly, or through one that both can reach if the link between the two is down. What gets
    /// lost is found again by attaching.
    mutating func send(_ frame: PeerPeerFrame, to peer: Incarnation) {
        if membership.linked.contains(peer) {
            return out.send(frame, to: peer)
        }
        guard membership.members[peer] != nil,
            let relay = membership.linked.sorted().first(where: { membership.members[$0] != nil })
        else { return }
        let me = me.text
        out.send(
            PeerPeerFrame.with {
                $0.relay = PeerRelay.with {
                    $0.origin = me
                    $0.target = peer.text
                    $0.frame = frame
                }
            }, to: relay)
    }

    // MARK: Figures for metrics and status

    public var figures: NodeFigures {
        NodeFigures(
            registeredNodes: membership.members.count, linkedNodes: membership.linked.count, sessions: sessions.count,
            routes: routes.count, leaderships: leaderships.count,
            liveLeaderships: leaderships.values.count { $0.stage != .closed && $0.stage != .fresh },
            successors: membership.living.count { $0 != me },
            storeRequests: storeRequests.count, coordinatorRequests: coordinatorRequests.count,
            recovering: recovery.count, isStoreHealthy: !health.isOut, isDraining: isDraining)
    }

    /// Who leads a conversation, as far as this node knows; for operators and tests.
    public func leader(of conversation: ConversationID) -> (leader: Incarnation, epoch: UInt32)? {
        if let leadership = leaderships[conversation] { return (me, leadership.epoch) }
        guard let route = routes[conversation], let leader = route.leader else { return nil }
        return (leader, 0)
    }
}

/// Gauges of one node.
public struct NodeFigures: Sendable {
    /// Registered in the coordinator, this one included.
    public var registeredNodes: Int
    /// Other nodes with a link that is up.
    public var linkedNodes: Int
    public var sessions: Int
    public var routes: Int
    public var leaderships: Int
    /// Of conversations that have not ended: what others take over when this node leaves.
    public var liveLeaderships: Int
    /// Other nodes that could lead.
    public var successors: Int
    public var storeRequests: Int
    public var coordinatorRequests: Int
    public var recovering: Int
    public var isStoreHealthy: Bool
    public var isDraining: Bool
}
