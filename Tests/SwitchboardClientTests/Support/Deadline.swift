import SwitchboardClient

/// A condition did not come true in time.
struct DeadlineMissed: Error {}

/// Runs an operation that must end within some seconds.
func within<Result: Sendable>(
    _ limit: Duration = .seconds(10), _ operation: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Result.self) { group in
        group.addTask { try await operation() }
        group.addTask {
            try await Task.sleep(for: limit)
            throw DeadlineMissed()
        }
        defer { group.cancelAll() }
        guard let result = try await group.next() else { throw DeadlineMissed() }
        return result
    }
}

extension SwitchboardClient {
    /// The first event that fits, within some seconds.
    nonisolated func event<Result: Sendable>(
        where match: @escaping @Sendable (SessionEvent) -> Result?
    ) async throws -> Result {
        try await within { [events] in
            for await event in events {
                if let result = match(event) { return result }
            }
            throw DeadlineMissed()
        }
    }
}
