/// A condition did not come true in time.
package struct DeadlineMissed: Error {
    package init() {}
}

/// Runs an operation that must end within some seconds.
package func within<Result: Sendable>(
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
