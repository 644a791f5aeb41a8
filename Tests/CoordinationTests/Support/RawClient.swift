import Coordination
import LocalCluster
import Synchronization
import ZooKeeperClient

/// A plain client of ZooKeeper, to look at what coordinators do there, and to interfere.
final class RawClient: Sendable {
    let client: ZooKeeperClient
    private let log: Log

    private final class Log: Sendable {
        let isConnected = Atomic<Bool>(false)
        let changes = Atomic<Int>(0)
    }

    private init(_ hosts: String) throws {
        let log = Log()
        self.log = log
        client = try ZooKeeperClient(ZooKeeperConfiguration(hosts: hosts, sessionTimeout: .seconds(10))) { event in
            switch event {
            case .session(.connected): log.isConnected.store(true, ordering: .relaxed)
            case .session: log.isConnected.store(false, ordering: .relaxed)
            case .childrenChanged: log.changes.add(1, ordering: .relaxed)
            case .completed: break
            }
        }
    }

    static func connect(_ hosts: String) async throws -> RawClient {
        let client = try RawClient(hosts)
        try await client.waitUntilConnected()
        return client
    }

    func waitUntilConnected() async throws {
        try await waitUntil("connected", within: .seconds(30)) { self.log.isConnected.load(ordering: .relaxed) }
    }

    /// How many watches have fired.
    var changes: Int { log.changes.load(ordering: .relaxed) }
}
