import Testing

/// Waits until a condition holds, at most `limit`, and records an issue if it never does.
@discardableResult
func eventually(
    _ what: Comment, within limit: Duration = .seconds(10), sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async rethrows -> Bool {
    let deadline = ContinuousClock.now + limit
    repeat {
        if try await condition() { return true }
        try? await Task.sleep(for: .milliseconds(3))
    } while ContinuousClock.now < deadline
    Issue.record("not within \(limit): \(what)", sourceLocation: sourceLocation)
    return false
}
