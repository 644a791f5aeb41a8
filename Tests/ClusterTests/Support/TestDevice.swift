import LocalCluster
import NIOCore
import NIOPosix
import SwitchboardClient
import SwitchboardProtocol
import Synchronization

/// One device of a user: the real client over real sockets, and a log of all that its application did and was told.
final class TestDevice: Sendable {
    let address: DeviceAddress
    let outbox: OutboxID
    private let driver: SessionDriver
    private let log = Mutex(DeviceLog())
    private let reaction = Mutex<Reaction?>(nil)

    /// What the application does at once about a delivery: returns what it sends.
    typealias Reaction = @Sendable (ConversationID, WireDeliver) -> WireMessage?

    /// - Parameters:
    ///   - port: of a node, a balancer, or a relay on 127.0.0.1.
    ///   - connections: how many connections this device has had before.
    init(_ user: String, _ device: String, port: Int, token: String, connections: UInt32 = 0) throws {
        guard let user = UserID(user), let device = DeviceID(device) else {
            throw LocalClusterError.failed("\(user)/\(device) is no device")
        }
        address = DeviceAddress(user: user, device: device)
        var record = OutboxRecord.fresh()
        record.connections = connections
        outbox = record.id
        var options = SessionOptions(
            endpoint: try ServerEndpoint(url: "ws://127.0.0.1:\(port)"), device: device, token: .fixed(token))
        options.storage = KnownOutbox(initial: record)
        driver = try SessionDriver(options, eventLoop: MultiThreadedEventLoopGroup.singleton.next())
        driver.onEvent = { [weak self] in self?.happened($0) }
    }

    /// Connects, and returns when the server has sent all that waited.
    func connect(within limit: Duration = .seconds(30)) async throws {
        let driver = driver
        driver.eventLoop.execute { driver.start() }
        try await wait("it has connected and is synchronized", within: limit) { $0.isSynchronized }
    }

    func close() async {
        let driver = driver
        try? await driver.eventLoop.submit { driver.stop() }.get()
    }

    /// Hands messages to the session, which sends them without waiting, in order.
    func send(_ messages: [WireMessage], in call: ConversationID) async throws {
        try await driver.eventLoop.submit {
            for message in messages { try self.sendNow(message, in: call) }
        }.get()
    }

    func send(_ messages: WireMessage..., in call: ConversationID) async throws {
        try await send(messages, in: call)
    }

    /// From now on.
    func react(_ reaction: @escaping Reaction) { self.reaction.withLock { $0 = reaction } }

    /// What has happened so far.
    var seen: DeviceLog { log.withLock { $0 } }

    /// Waits until its log shows something.
    func wait(
        _ what: String, within limit: Duration = .seconds(30), _ condition: @Sendable (DeviceLog) -> Bool
    ) async throws {
        let summary: () -> String = { self.summary }
        try await waitUntil("\(address): \(what)", within: limit, pollEvery: .milliseconds(2), detail: summary) {
            log.withLock { condition($0) }
        }
    }

    /// The end of its log, for messages about failures.
    var summary: String {
        seen.entries.suffix(25).map { entry in
            switch entry.content {
            case .queued(_, let number, let message): "  sent \(number) \(message.label)"
            case .told(.delivered(_, let delivery)):
                "  got \(delivery.number) \(delivery.message.label) e\(delivery.epoch)"
            case .told(.welcomed(let welcome)): "  welcomed by \(welcome.node)"
            case .told(let event): "  \(event)"
            }
        }.joined(separator: "\n")
    }

    // MARK: On the event loop

    private func sendNow(_ message: WireMessage, in call: ConversationID) throws {
        let number = try driver.send(message, in: call)
        log.withLock { $0.note(queued: message, number: number, in: call) }
    }

    private func happened(_ event: SessionEvent) {
        log.withLock { $0.note(event) }
        guard case .delivered(let call, let delivery) = event,
            let answer = reaction.withLock({ $0 })?(call, delivery)
        else { return }
        try? sendNow(answer, in: call)
    }

    /// An outbox whose id the test knows, and whose device may have been here before.
    private struct KnownOutbox: OutboxStorage {
        let initial: OutboxRecord

        func load() -> OutboxRecord { initial }
        func record(_ change: OutboxChange) {}
    }
}
