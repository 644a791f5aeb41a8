import Logging
import NIOConcurrencyHelpers
import SwitchboardProtocol

/// Tells of a hook's failures, but not once for every call while it is down.
final class HookFailureLog: Sendable {
    private struct State {
        var lastLine: ContinuousClock.Instant?
        var untold = 0
    }

    private static let interval: Duration = .seconds(10)

    private let state = NIOLockedValueBox(State())
    private let logger: Logger

    init(_ logger: Logger) { self.logger = logger }

    func failed(_ failure: CallHookFailure, _ conversation: ConversationID) {
        let now = ContinuousClock.now
        let untold = state.withLockedValue { state -> Int? in
            if let last = state.lastLine, now - last < Self.interval {
                state.untold += 1
                return nil
            }
            defer { state = State(lastLine: now) }
            return state.untold
        }
        guard let untold else { return }
        logger.warning(
            "the call hook gave no verdict",
            metadata: [
                "reason": "\(failure)", "conversation": "\(conversation)", "failures-before": "\(untold)",
            ])
    }
}
