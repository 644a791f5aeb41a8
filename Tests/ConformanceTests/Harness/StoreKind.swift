import StoreTestSupport
import Testing

/// The adapters that the suite runs against.
enum StoreKind: CaseIterable, Sendable, CustomTestStringConvertible {
    case sqlite

    var testDescription: String { "\(self)" }

    private func open() async throws -> any StoreHarness {
        switch self {
        case .sqlite: try SQLiteHarness()
        }
    }

    /// Runs a test on an empty store.
    func withStore(_ body: (any StoreHarness) async throws -> Void) async throws {
        let harness = try await open()
        do {
            try await body(harness)
        } catch {
            try? await harness.close()
            throw error
        }
        try await harness.close()
    }

    /// Runs a test with two nodes on an empty store, and checks that every command was answered once.
    func withTwoNodes(_ body: (any StoreHarness, StoreClient, StoreClient) async throws -> Void) async throws {
        try await withStore { harness in
            let a = try await harness.node("a.1")
            let b = try await harness.node("b.1")
            try await body(harness, a, b)
            #expect(a.strayCompletions.isEmpty)
            #expect(b.strayCompletions.isEmpty)
        }
    }
}
