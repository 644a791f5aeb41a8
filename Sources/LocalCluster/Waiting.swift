/// Polls a condition until it holds.
///
/// - Parameters:
///   - what: The condition in words, as in "waited 5 seconds in vain until …".
///   - limit: How long to go on.
///   - interval: Pause between two looks.
///   - detail: Told in the error, for example the end of a log; evaluated only on failure.
///   - condition: The condition; what it throws ends the wait.
/// - Throws: ``LocalClusterError/timedOut(waitingFor:after:detail:)``, `CancellationError`, or what `condition` throws.
public func waitUntil(
    _ what: String,
    within limit: Duration,
    pollEvery interval: Duration = .milliseconds(20),
    detail: () -> String = { "" },
    _ condition: () async throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let end = clock.now.advanced(by: limit)
    while true {
        if try await condition() { return }
        guard clock.now < end else {
            throw LocalClusterError.timedOut(waitingFor: what, after: limit, detail: detail())
        }
        try await clock.sleep(for: interval)
    }
}
