/// WebSocket close codes (RFC 6455 §7.4). 4000–4499: reconnect and resume; 4500–4999: do not.
public enum CloseCode: UInt16, Sendable {
    case goingAway = 1001
    case policyViolation = 1008
    case messageTooBig = 1009
    case internalError = 1011
    case serviceRestart = 1012
    case tryAgainLater = 1013

    case slowConsumer = 4000
    case pingTimeout = 4001
    case helloTimeout = 4002
    case tokenExpired = 4003

    case badToken = 4500
    case badFrame = 4501
    case replaced = 4502
    case invalidHello = 4503
    case demoRefused = 4504

    /// Whether a client shall reconnect after it.
    public var invitesReconnect: Bool {
        rawValue < 4500 && self != .policyViolation && self != .messageTooBig
    }
}
