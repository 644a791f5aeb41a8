import SwiftProtobuf
import SwitchboardProtocol

extension LogFact {
    /// The feature level that a node needs to fold this fact. A kind of fact never changes its level.
    var requiredLevel: UInt32 {
        switch fact {
        case .watching, .handoverStep: 2
        case .opened(let opened): opened.silenced ? 2 : 1
        case .deadline(let deadline):
            switch DeadlineKind(rawValue: deadline.kind) {
            case .ring, .connect, nil: 1
            case .reach, .callerLost, .signalLost, .handover: 2
            }
        case .checkpoint(let checkpoint):
            checkpoint.deadlines.map { deadline in LogFact.with { $0.deadline = deadline }.requiredLevel }
                .reduce(
                    checkpoint.hasHandoverStep || !checkpoint.watching.isEmpty || checkpoint.opened.silenced ? 2 : 1,
                    max)
        default: 1
        }
    }
}
