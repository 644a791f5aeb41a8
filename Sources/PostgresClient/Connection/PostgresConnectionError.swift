/// A connection object cannot be made.
public enum PostgresConnectionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The process has no file descriptor left; raise its limit (`ulimit -n`).
    case noDescriptor(errno: Int32)

    public var description: String {
        switch self {
        case .noDescriptor(let number):
            "no file descriptor for a connection to PostgreSQL (errno \(number)); raise the limit of open files"
        }
    }
}

/// A batch is not accepted; it has no effect and gets no outcome.
public enum SubmitError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Too much is outstanding; wait for outcomes before submitting more.
    case overloaded(batches: Int, bytes: Int)
    /// The connection was closed.
    case closed
    /// The batch is malformed.
    case invalid(BatchProblem)

    public var description: String {
        switch self {
        case .overloaded(let batches, let bytes):
            "\(batches) batches (\(bytes) bytes) are outstanding on this connection; wait for outcomes"
        case .closed: "the connection was closed"
        case .invalid(let problem): problem.description
        }
    }
}

/// Why ``PostgresConnection/query(_:_:timeLimit:)`` has no result.
public enum QueryError: Error, Sendable, Equatable, CustomStringConvertible {
    /// It was not accepted.
    case notSubmitted(SubmitError)
    /// The server reported an error.
    case failed(BatchFailure)
    /// It may or may not have taken effect.
    case unknown(UnknownReason)
    /// It took effect on this server, and a standby that should have it may not.
    case replicationUncertain
    /// It was not executed.
    case notExecuted(NotExecutedReason)

    public var description: String {
        switch self {
        case .notSubmitted(let error): error.description
        case .failed(let failure): failure.description
        case .unknown(let reason): "outcome unknown: \(reason)"
        case .replicationUncertain: "committed, but the wait for the synchronous standby was cancelled"
        case .notExecuted(let reason): "not executed: \(reason)"
        }
    }
}
