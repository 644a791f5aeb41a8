import StoreTestSupport

/// A schema of the shared server; each node has connections of its own.
final class PostgresHarness: StoreHarness {
    private let testbed: PostgresTestbed

    init() async throws {
        testbed = try await PostgresTestbed()
    }

    func node(_ name: String) async throws -> StoreClient {
        try await testbed.node(name)
    }

    func advanceDays(_ days: Int) async throws {
        try await testbed.advanceDays(days)
    }

    func close() async throws {
        try await testbed.close()
    }
}
