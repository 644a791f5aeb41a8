/// What became of a batch. Every batch that was accepted gets exactly one.
public enum BatchOutcome: Sendable, Equatable {
    /// All statements succeeded, and all transactions are committed. Look at
    /// ``BatchReport/isReplicationUncertain`` before telling anybody.
    case succeeded(BatchReport)
    /// The server reported an error; it is known what took effect.
    case failed(BatchFailure)
    /// It cannot be known what took effect: the batch was handed over and the answer is missing. It may even take effect
    /// later, while the server still works on it. Read back before deciding.
    case unknown(UnknownReason)
    /// Nothing took effect and nothing will.
    case notExecuted(NotExecutedReason)
}

/// Why nobody can say what became of a batch.
public enum UnknownReason: Error, Sendable, Equatable, CustomStringConvertible {
    /// The connection broke before the answer was complete.
    case connectionLost(String)
    /// The answer was not complete in time; the connection was given up for that. Nothing was cancelled on the server.
    case noAnswer(within: Duration)

    public var description: String {
        switch self {
        case .connectionLost(let reason): "the connection broke before the answer was complete: \(reason)"
        case .noAnswer(let limit): "the server has not answered within \(limit)"
        }
    }
}

/// Why a batch was provably not executed.
public enum NotExecutedReason: Error, Sendable, Equatable, CustomStringConvertible {
    /// The connection broke while the batch waited for its turn.
    case connectionLost(String)
    /// There was no connection for longer than the time limit.
    case notConnected(after: Duration, lastError: String?)
    /// The batch was meant for an earlier connection than the present one.
    case sessionEnded(PostgresSessionID)
    /// The connection was closed.
    case closed
    /// The batch is malformed in a way that shows only at the connection.
    case invalid(BatchProblem)

    public var description: String {
        switch self {
        case .connectionLost(let reason):
            "the connection broke before the batch was sent: \(reason)"
        case .notConnected(let limit, let lastError):
            "no connection to the server for \(limit)" + (lastError.map { ": \($0)" } ?? "")
        case .sessionEnded(let session):
            "the batch was meant for connection \(session.rawValue), which has ended"
        case .closed:
            "the connection was closed"
        case .invalid(let problem):
            problem.description
        }
    }
}
