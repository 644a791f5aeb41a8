import Synchronization

/// Counts what all streams of a benchmark have achieved; from any thread.
final class LoadCounters: Sendable {
    private let accepted = Atomic(0)
    private let delivered = Atomic(0)
    private let failure = Mutex<String?>(nil)

    /// Messages that are committed, acknowledged to the sender, and with the receiver.
    var durable: Int {
        min(accepted.load(ordering: .relaxed), delivered.load(ordering: .relaxed))
    }

    /// The first thing that went wrong.
    var firstFailure: String? { failure.withLock { $0 } }

    func countAccepted(_ count: Int) {
        accepted.wrappingAdd(count, ordering: .relaxed)
    }

    func countDelivered() {
        delivered.wrappingAdd(1, ordering: .relaxed)
    }

    func fail(_ reason: String) {
        failure.withLock { $0 = $0 ?? reason }
    }
}
