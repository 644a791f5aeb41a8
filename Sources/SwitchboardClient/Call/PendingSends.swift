import Synchronization

/// The sends to which one decision has led: whoever decided waits until all are committed.
final class PendingSends: Sendable {
    private struct State {
        var count = 0
        var failure: SendError?
        var continuation: CheckedContinuation<Result<Void, SendError>, Never>?

        mutating func take() -> CheckedContinuation<Result<Void, SendError>, Never>? {
            defer { continuation = nil }
            return continuation
        }
    }

    private let state = Mutex(State())

    /// One more; to be told what became of it.
    func expect() -> SwitchboardClient.Outcome {
        state.withLock { $0.count += 1 }
        return { self.settle($0) }
    }

    /// Returns when all are committed, or throws why one is not. A cancelled task stops waiting.
    func settled() async throws(SendError) {
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isSettled = state.withLock { state in
                    guard state.count > 0 else { return true }
                    state.continuation = continuation
                    return false
                }
                if isSettled { continuation.resume(returning: outcome) }
            }
        } onCancel: {
            state.withLock { $0.take() }?.resume(returning: .failure(.cancelled))
        }
        try result.get()
    }

    private var outcome: Result<Void, SendError> {
        state.withLock { $0.failure.map { .failure($0) } ?? .success(()) }
    }

    private func settle(_ result: Result<Void, SendError>) {
        let continuation = state.withLock { state in
            state.count -= 1
            if case .failure(let error) = result { state.failure = state.failure ?? error }
            return state.count == 0 ? state.take() : nil
        }
        continuation?.resume(returning: outcome)
    }
}
