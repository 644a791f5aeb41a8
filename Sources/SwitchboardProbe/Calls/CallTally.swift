import Synchronization

/// Counts the calls of a run, for progress and for the end; from any thread.
package final class CallTally: Sendable {
    private let counts = Mutex(Counts())

    package struct Counts: Sendable {
        package var done = 0
        package var failed = 0
        /// The first ones; the others are mostly the same.
        package var failures: [CallFailure] = []
    }

    private static let maximumFailures = 5

    package init() {}

    package var current: Counts { counts.withLock { $0 } }

    package func record(_ result: Result<Void, CallFailure>) {
        counts.withLock { counts in
            counts.done += 1
            guard case .failure(let failure) = result else { return }
            counts.failed += 1
            if counts.failures.count < Self.maximumFailures { counts.failures.append(failure) }
        }
    }
}
