/// Why a call of a probe failed: where it stood, and what happened.
package struct CallFailure: Error, Sendable, Equatable {
    /// What the call was at.
    package enum Step: String, Sendable {
        case connect, ringing, pickup, exchange, hangup
    }

    package let step: Step
    package let reason: String
}

extension CallFailure: CustomStringConvertible {
    package var description: String { "\(step.rawValue): \(reason)" }
}

/// How far a call goes, and how much it does.
package struct CallPlan: Sendable {
    /// Messages of the application that each side sends once both are ready.
    package var infos = 3
    /// Whether the call is ended when all is exchanged; otherwise it is left open for whoever goes on with it.
    package var hangsUp = true
    /// From the invite to the end.
    package var timeout: Duration = .seconds(30)

    package init() {}
}
