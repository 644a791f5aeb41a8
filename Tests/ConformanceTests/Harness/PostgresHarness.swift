import StoreTestSupport
import SwitchboardCore

/// A schema of the shared server; each node has connections of its own.
final class PostgresHarness: StoreHarness {
    private let testbed: PostgresTestbed

    init() async throws {
        testbed = try await PostgresTestbed()
    }

    func node(_ name: String) async throws -> StoreClient {
        try await testbed.node(name)
    }

    func outbox(_ name: String) async throws -> any PushOutbox {
        try testbed.outbox(name)
    }

    func advanceDays(_ days: Int) async throws {
        try await testbed.advanceDays(days)
    }

    func close() async throws {
        try await testbed.close()
    }
}
