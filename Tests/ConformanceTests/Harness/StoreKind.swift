import StoreTestSupport
import Testing

/// The adapters that the suite runs against.
enum StoreKind: CaseIterable, Sendable, CustomTestStringConvertible {
    case sqlite
    case postgres
    case simulated

    /// Those that can refuse data for what it is.
    static let refusing: [StoreKind] = [.sqlite, .postgres]

    var testDescription: String { "\(self)" }

    private func open() async throws -> any StoreHarness {
        switch self {
        case .sqlite: try SQLiteHarness()
        case .postgres: try await PostgresHarness()
        case .simulated: try SimulatedHarness()
        }
    }

    /// Runs a test on an empty store.
    func withStore(_ body: (any StoreHarness) async throws -> Void) async throws {
        await HarnessGate.shared.enter()
        let result = await Result { [self] in
            let harness = try await open()
            let result = await Result { try await body(harness) }
            try await harness.close()
            try result.get()
        }
        await HarnessGate.shared.leave()
        try result.get()
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

extension Result where Failure == any Error {
    /// What an asynchronous body returns or throws.
    fileprivate init(_ body: () async throws -> Success) async {
        do {
            self = .success(try await body())
        } catch {
            self = .failure(error)
        }
    }
}
