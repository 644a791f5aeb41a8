import NIOCore
import NIOPosix
import SwitchboardClient
import SwitchboardProbe
import SwitchboardProtocol
import Synchronization

/// Connections that do nothing, each of a user of its own.
final class IdleConnections: Sendable {
    /// How many stand; from any thread.
    final class Count: Sendable {
        private let count = Atomic(0)

        var value: Int { count.load(ordering: .relaxed) }

        func add() {
            count.wrappingAdd(1, ordering: .relaxed)
        }
    }

    private let drivers: Mutex<[SessionDriver]> = Mutex([])

    /// How many connections are being opened at a time, so that a node's backlog holds them.
    private static let atOnce = 100
    /// One source address has some 28,000 ports for one server; beyond it others of 127.0.0.0/8 are taken.
    private static let connectionsPerAddress = 20_000

    static func open(_ count: Int, _ target: BenchTarget, counting total: Count = Count()) async throws
        -> IdleConnections
    {
        let connections = IdleConnections()
        let run = "idle-" + String(UInt32.random(in: 0...UInt32.max), radix: 36)
        try await LaneSet.forEach(Array(0..<count), atOnce: atOnce) { index in
            let account = try await target.credentials.account("\(run)-\(index)")
            try await connections.open(account, index, target)
            total.add()
        }
        return connections
    }

    func close() {
        for driver in drivers.withLock({ $0 }) {
            driver.eventLoop.execute { driver.stop() }
        }
    }

    private func open(_ account: Account, _ index: Int, _ target: BenchTarget) async throws {
        let endpoint = target.endpoints[index % target.endpoints.count]
        var options = SessionOptions(
            endpoint: endpoint, device: DeviceID(trusted: "idle"), token: .fixed(account.token))
        let address = index / Self.connectionsPerAddress
        if address > 0, endpoint.host.hasPrefix("127.") { options.localAddress = "127.0.1.\(address)" }
        let eventLoop = MultiThreadedEventLoopGroup.singleton.any()
        let driver = try SessionDriver(options, eventLoop: eventLoop)
        drivers.withLock { $0.append(driver) }
        let welcomed = eventLoop.makePromise(of: Void.self)
        eventLoop.execute {
            driver.onEvent = { event in
                switch event {
                case .welcomed: welcomed.succeed()
                case .disconnected(let reason, _): welcomed.fail(BenchError.streamFailed("\(reason)"))
                case .ended(let end): welcomed.fail(end)
                default: break
                }
            }
            driver.start()
        }
        try await welcomed.futureResult.get()
    }
}
