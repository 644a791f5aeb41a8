import NIOConcurrencyHelpers
import SwitchboardCore
import SwitchboardProtocol

/// Counters of a node, in the words of its metrics.
final class NodeCounters: Sendable {
    struct Values: Sendable {
        var turns: UInt64 = 0
        var framesToClients: UInt64 = 0
        var framesToPeers: UInt64 = 0
        var commits: UInt64 = 0
        var appends: UInt64 = 0
        var closed: UInt64 = 0
        var warnings: UInt64 = 0
        var errors: UInt64 = 0
        var policyQuestions: UInt64 = 0
        var policyFailures: UInt64 = 0
    }

    private let values = NIOLockedValueBox(Values())

    func count(_ actions: [NodeAction]) {
        values.withLockedValue { values in
            values.turns += 1
            for action in actions {
                switch action {
                case .sendToClient(_, let frames): values.framesToClients += UInt64(frames.count)
                case .sendToPeer(_, let frames): values.framesToPeers += UInt64(frames.count)
                case .store(.commit(let batch), _):
                    values.commits += 1
                    values.appends += UInt64(batch.appends.count)
                case .askPolicy: values.policyQuestions += 1
                case .closeConnection: values.closed += 1
                case .log(let line):
                    if case .warning = line.level { values.warnings += 1 }
                    if case .error = line.level { values.errors += 1 }
                default: continue
                }
            }
        }
    }

    /// The policy could not say whether a call is allowed, and went by what is configured for that.
    func policyFailed() { values.withLockedValue { $0.policyFailures += 1 } }

    var current: Values { values.withLockedValue { $0 } }
}
