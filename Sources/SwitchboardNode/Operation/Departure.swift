import NIOConcurrencyHelpers

/// The wish of an operator that a node leaves in order, as SIGTERM is.
final class Departure: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation
    private let wasAsked = NIOLockedValueBox(false)

    init() {
        (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// False if it was asked for before.
    func request() -> Bool {
        let isFirst = wasAsked.withLockedValue { asked in
            defer { asked = true }
            return !asked
        }
        continuation.finish()
        return isFirst
    }

    /// Returns when somebody has asked, or when the task is cancelled.
    func requested() async {
        for await _ in stream {}
    }
}
