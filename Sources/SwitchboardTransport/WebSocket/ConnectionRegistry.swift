import NIOCore
import SwitchboardProtocol
import Synchronization

/// Gives connections their ids and finds the event loop of an id.
///
/// An id is a counter times the number of loops, plus the loop's index: so an id names its loop, and no table is shared
/// between threads. It is unique within the process.
final class ConnectionRegistry: Sendable {
    private let loops: [any EventLoop]
    private let counter = Atomic<UInt64>(1)
    private let open = Atomic<Int>(0)
    private let maxConnections: Int

    init(loops: [any EventLoop], maxConnections: Int) {
        self.loops = loops
        self.maxConnections = maxConnections
    }

    /// False while as many connections are open as may be. A few upgrades in flight at the same moment may pass together.
    var hasRoom: Bool { open.load(ordering: .relaxed) < maxConnections }

    var openCount: Int { open.load(ordering: .relaxed) }

    func connectionOpened(onLoop index: Int) -> ConnectionID {
        open.add(1, ordering: .relaxed)
        let number = counter.add(1, ordering: .relaxed).oldValue
        return ConnectionID(number * UInt64(loops.count) + UInt64(index))
    }

    func connectionClosed() {
        open.subtract(1, ordering: .relaxed)
    }

    /// Index of the loop that holds this connection.
    func loopIndex(of connection: ConnectionID) -> Int {
        Int(connection.number % UInt64(loops.count))
    }
}
