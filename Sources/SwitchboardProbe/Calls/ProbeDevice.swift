import NIOCore
import SwitchboardClient
import SwitchboardProtocol

/// One device of a probe's user: a session, and who listens to which conversation of it.
///
/// Lives on its session's event loop.
package final class ProbeDevice {
    /// What happens in one conversation.
    package enum ConversationEvent {
        case delivered(WireDeliver)
        case accepted(through: UInt32)
        case refused(number: UInt32, ServerError)
        case dropped(ServerError)
        /// The session ended: nothing more will come.
        case ended(SessionEnd)
    }

    package let user: String
    package let driver: SessionDriver
    /// When the session was started, and when `welcome` came.
    package private(set) var startedAt: NIODeadline?
    package private(set) var welcomedAt: NIODeadline?
    /// The last thing that went wrong with the connection, to explain a time that ran out.
    package private(set) var lastTrouble: String?
    package private(set) var end: SessionEnd?
    /// Connections after the first.
    package private(set) var reconnects = 0

    private var listeners: [ConversationID: (ConversationEvent) -> Void] = [:]
    private let welcomed: EventLoopPromise<Void>

    /// - Parameter connections: how many connections the device has had, since a newer one closes the older.
    package init(user: String, _ options: SessionOptions, connections: UInt32, eventLoop: any EventLoop) throws {
        var options = options
        options.storage = CountedConnections(count: connections)
        self.user = user
        driver = try SessionDriver(options, eventLoop: eventLoop)
        welcomed = eventLoop.makePromise()
        driver.onEvent = { [weak self] event in self?.handle(event) }
    }

    deinit {
        // A promise must not be forgotten.
        welcomed.fail(SessionEnd.stopped)
    }

    /// Succeeds with the first `welcome`; fails if the session ends before.
    package func start() -> EventLoopFuture<Void> {
        startedAt = .now()
        driver.start()
        return welcomed.futureResult
    }

    package func stop() {
        driver.stop()
    }

    package func listen(to conversation: ConversationID, _ listener: @escaping (ConversationEvent) -> Void) {
        listeners[conversation] = listener
    }

    package func stopListening(to conversation: ConversationID) {
        listeners[conversation] = nil
    }

    private func handle(_ event: SessionEvent) {
        switch event {
        case .welcomed:
            guard welcomedAt == nil else { return }
            welcomedAt = .now()
            welcomed.succeed()
        case .delivered(let id, let delivery): listeners[id]?(.delivered(delivery))
        case .accepted(let id, let number): listeners[id]?(.accepted(through: number))
        case .refused(let id, let number, let error, _): listeners[id]?(.refused(number: number, error))
        case .dropped(let id, _, let error): listeners[id]?(.dropped(error))
        case .postponed(_, let error, _), .failed(let error): lastTrouble = "\(error)"
        case .disconnected(let reason, _):
            reconnects += 1
            lastTrouble = "\(reason)"
        case .ended(let reason):
            end = reason
            welcomed.fail(reason)
            for listener in listeners.values { listener(.ended(reason)) }
        case .connecting, .synchronized, .snapshot, .iceServers: break
        }
    }

    /// An outbox that lives as long as its session, of a device that has been here before.
    private struct CountedConnections: OutboxStorage {
        let count: UInt32

        func load() -> OutboxRecord {
            var record = OutboxRecord.fresh()
            record.connections = count
            return record
        }

        func record(_ change: OutboxChange) {}
    }
}
