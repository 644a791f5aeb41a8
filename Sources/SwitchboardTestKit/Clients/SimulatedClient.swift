import SwiftProtobuf
public import SwitchboardClient
public import SwitchboardProtocol

/// A device: the session machine of the Swift client, a storage that survives, a socket that does not, and a history of what
/// it did and saw.
public final class SimulatedClient {
    public let address: DeviceAddress
    private unowned let cluster: SimulatedCluster
    private let time: VirtualTime
    private var machine: SessionMachine
    private var record: OutboxRecord
    private var timers: [SessionTimer: UInt64] = [:]
    private var lastTimer: UInt64 = 0
    private var socket: ClientSocket?
    private var lives = 1
    private var born: Duration
    private var age: Duration { time.now - born }
    /// What the device does by itself; nil: a test speaks for it.
    public var agent: CallAgent?

    /// An application of a test's own, told of each event.
    public var onEvent: ((SessionEvent) -> Void)?

    /// Nodes to connect to, by name, in this order of preference; empty: any.
    public var preferredNodes: [String] = []
    /// It goes to no other node than the preferred ones, alive or not.
    public var isPinned = false
    /// Without a network connecting fails.
    public private(set) var isOnline = true

    /// What the application knows of each conversation.
    public private(set) var conversations: [ConversationID: ClientConversation] = [:]
    /// Why the session is over; nil: it is not.
    public private(set) var ending: SessionEnd?

    init(_ address: DeviceAddress, cluster: SimulatedCluster) {
        self.address = address
        self.cluster = cluster
        time = cluster.time
        born = cluster.time.now
        record = OutboxRecord(id: OutboxID(trusted: "\(address.user)-\(address.device)-1"))
        machine = Self.machine(address, record, cluster)
    }

    private static func machine(
        _ address: DeviceAddress, _ record: OutboxRecord, _ cluster: SimulatedCluster
    ) -> SessionMachine {
        var configuration = SessionConfiguration()
        configuration.reconnect.ceiling = .seconds(2)
        configuration.welcomeTimeout = .seconds(3)
        configuration.pongTimeout = .seconds(2)
        return SessionMachine(
            configuration: configuration, device: address.device, restoring: record, seed: cluster.random.next())
    }

    // MARK: The application

    public func start() {
        perform(machine.started())
    }

    /// Puts a message into the outbox; nil if the session refuses it.
    @discardableResult
    public func send(_ message: WireMessage, in conversation: ConversationID) -> UInt32? {
        guard let (number, actions) = try? machine.messageQueued(message, in: conversation, now: age) else {
            return nil
        }
        conversations[conversation, default: ClientConversation()].sent = number
        note(.queued(conversation, record.id, number: number, message))
        perform(actions)
        return number
    }

    /// It was told of a call by other means, as by a push: its next `hello` names it.
    public func learn(_ conversation: ConversationID) {
        machine.conversationLearned(conversation)
    }

    /// Builds and sends.
    @discardableResult
    public func send(in conversation: ConversationID, _ build: (inout WireMessage) -> Void) -> UInt32? {
        var message = WireMessage()
        build(&message)
        return send(message, in: conversation)
    }

    /// Asks for fresh ICE servers.
    public func requestIceServers() {
        perform(machine.iceServersRequested())
    }

    /// Conversations whose invite waits in the stored outbox, and is not taken back.
    package var restoredInvites: [ConversationID] { record.abandonedInvites }

    public var isReady: Bool { machine.isReady }
    public var isConnected: Bool { socket != nil }
    /// The node that its socket leads to.
    public var node: SimulatedNode? { socket?.node }

    /// All sends are accepted.
    public var isOutboxEmpty: Bool { record.conversations.values.allSatisfy(\.unaccepted.isEmpty) }

    // MARK: Faults

    /// The socket breaks; the node notices after a while only.
    public func breakSocket(nodeNotices: Duration) {
        socket?.breakDown(nodeNotices: nodeNotices)
    }

    /// Nothing passes any more in either direction, and neither end is told; until `setOnline(true)` it can't connect anew.
    public func goSilent() {
        isOnline = false
        socket?.stall()
    }

    public func setOnline(_ isOnline: Bool) {
        self.isOnline = isOnline
        if isOnline {
            // The node of a silent socket finds out much later.
            if socket?.isStalled == true { breakSocket(nodeNotices: .seconds(60)) }
            perform(machine.networkBecameAvailable())
        } else {
            breakSocket(nodeNotices: .seconds(3))
        }
    }

    /// The application is started anew, with its stored outbox, or without one.
    public func restart(keepsOutbox: Bool) {
        socket?.breakDown(nodeNotices: cluster.random.duration(.milliseconds(1)...(.milliseconds(50))))
        socket = nil
        timers = [:]
        lives += 1
        if !keepsOutbox {
            let connections = record.connections
            record = OutboxRecord(id: OutboxID(trusted: "\(address.user)-\(address.device)-\(lives)"))
            record.connections = connections
        }
        conversations = [:]
        born = time.now
        machine = Self.machine(address, record, cluster)
        note(.restarted(record.id))
        agent?.forget()
        start()
    }

    // MARK: The session's driver

    func received(_ frame: WireServerFrame, on socket: ClientSocket) {
        guard socket === self.socket else { return }
        note(.received(frame))
        perform(machine.frameReceived(frame, now: age))
    }

    func socketClosed(_ socket: ClientSocket, code: UInt16?) {
        guard socket === self.socket else { return }
        self.socket = nil
        perform(machine.socketClosed(code: code))
    }

    private func perform(_ actions: [SessionAction]) {
        for action in actions {
            switch action {
            case .connect: connect()
            case .disconnect:
                socket?.closeFromClient()
                socket = nil
            case .transmit(let frame): socket?.transmit(frame)
            case .store(let change): record.apply(change)
            case .schedule(let timer, let delay):
                lastTimer += 1
                let mine = lastTimer
                timers[timer] = mine
                time.after(delay) { [weak self] in
                    guard let self, timers[timer] == mine else { return }
                    timers[timer] = nil
                    perform(machine.timerFired(timer, now: age))
                }
            case .cancel(let timer): timers[timer] = nil
            case .notify(let event): told(event)
            }
        }
    }

    private func connect() {
        time.after(cluster.random.duration(.milliseconds(1)...(.milliseconds(20)))) { [weak self] in
            guard let self else { return }
            guard isOnline, let node = cluster.nodeToConnect(preferring: preferredNodes, only: isPinned) else {
                return perform(machine.socketFailed(reason: "simulated"))
            }
            let delay = cluster.random.duration(.milliseconds(1)...(.milliseconds(20)))
            let socket = ClientSocket(client: self, node: node, time: time, delay: delay)
            node.accept(socket)
            self.socket = socket
            perform(machine.socketOpened(token: address.user.text))
        }
    }

    private func told(_ event: SessionEvent) {
        note(.told(event))
        switch event {
        case .delivered(let id, let delivery):
            conversations[id, default: ClientConversation()].delivered(delivery)
        case .snapshot(let id, let snapshot):
            conversations[id, default: ClientConversation()].described(snapshot)
        case .accepted(let id, let through):
            conversations[id, default: ClientConversation()].accepted = through
        case .dropped(let id, _, _): conversations[id]?.wasDropped = true
        case .ended(let reason): ending = reason
        default: break
        }
        agent?.told(event)
        onEvent?(event)
    }

    private func note(_ event: History.Event) {
        cluster.history.note(event, device: address, connection: record.connections, at: time.now)
        cluster.trace.note("\(address) \(event)", at: time.now)
    }
}

/// A conversation as an application sees it.
public struct ClientConversation: Sendable {
    public internal(set) var sent: UInt32 = 0
    public internal(set) var accepted: UInt32 = 0
    public internal(set) var received: UInt32 = 0
    public private(set) var deliveries: [WireDeliver] = []
    public private(set) var isInvited = false
    public private(set) var selected: WireSelected?
    /// The reason that this device was told.
    public private(set) var endReason: String?
    public internal(set) var wasDropped = false

    public init() {}

    /// It rings for a person.
    public var isRinging: Bool { isInvited && selected == nil && endReason == nil && !wasDropped }

    mutating func delivered(_ delivery: WireDeliver) {
        received = delivery.number
        deliveries.append(delivery)
        switch delivery.message.content {
        case .invite?: isInvited = true
        case .selected(let selected)?: self.selected = selected
        case .ended(let ended)?: endReason = ended.reason
        default: break
        }
    }

    mutating func described(_ snapshot: WireSnapshot) {
        received = max(received, snapshot.nextNumber == 0 ? 0 : snapshot.nextNumber - 1)
        if snapshot.state == "ended" { endReason = snapshot.reason }
        if snapshot.leg == "cancelled" { endReason = snapshot.reason }
        if !snapshot.calleeDevice.isEmpty {
            selected = WireSelected.with {
                $0.user = snapshot.callee
                $0.device = snapshot.calleeDevice
                $0.callerDevice = snapshot.callerDevice
                $0.media = snapshot.media
            }
        }
    }

    /// Names of the messages delivered, in order; for tests.
    public var kinds: [String] { deliveries.map(\.message.kind) }
}

extension WireMessage {
    /// The name of what it holds, as in the schema.
    public var kind: String {
        switch content {
        case .invite: "invite"
        case .description_p(let description): description.type
        case .candidates: "candidates"
        case .ringing: "ringing"
        case .accept: "accept"
        case .reject: "reject"
        case .ignore: "ignore"
        case .busy: "busy"
        case .cancel: "cancel"
        case .connected: "connected"
        case .reconnecting: "reconnecting"
        case .hangup: "hangup"
        case .mediaState: "media_state"
        case .handover: "handover"
        case .security: "security"
        case .info: "info"
        case .selected: "selected"
        case .glare: "glare"
        case .elsewhere: "elsewhere"
        case .ended(let ended): "ended:\(ended.reason)"
        case .iceServers: "ice_servers"
        case nil: "unknown"
        }
    }
}
