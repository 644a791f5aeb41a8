import SwitchboardProtocol

/// Something went wrong that ends nothing by itself; for a log, or for the user's information.
public struct CallProblem: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        /// The peer connection refused something.
        case negotiation
        /// Capturing or sending could not be begun.
        case media
        /// What the peer said in the exchange behind the security code does not fit together.
        case security
        /// The server refused a message.
        case refusal(ServerError)
        /// The session took no message.
        case notTaken(SendRefusal)
    }

    public let kind: Kind
    public let text: String
}
