import PostgresClient
import SwitchboardCore

/// A command on its way through a lane.
struct LaneJob: Sendable {
    enum Work: Sendable {
        case query(PostgresQuery)
        case commit(CommitAttempt)
    }

    /// Whose result it is; nil: nobody waits for it.
    let id: StoreRequestID?
    private var work: Work

    init(id: StoreRequestID?, _ work: Work) {
        self.id = id
        self.work = work
    }

    /// What is to be sent now.
    var batch: PostgresBatch {
        switch work {
        case .query(let query): query.batch
        case .commit(let attempt): attempt.batch
        }
    }

    /// Takes the outcome of ``batch``; nil: send ``batch`` again, it is another one now.
    mutating func received(_ outcome: BatchOutcome) -> StoreResult? {
        switch work {
        case .query(let query): return query.result(of: outcome)
        case .commit(var attempt):
            let result = attempt.received(outcome)
            work = .commit(attempt)
            return result
        }
    }
}
