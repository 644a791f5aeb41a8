public import SwitchboardProtocol

/// Why a connection is over.
public enum ConnectionCloseReason: Sendable, Equatable {
    /// The client sent a close frame; the code is absent if its frame held none.
    case byClient(code: UInt16?)
    /// The TCP connection ended without a close frame.
    case lost
    /// A limit, or `WebSocketFront.close`.
    case byServer(CloseCode)
    /// The client broke RFC 6455; closed with 1002.
    case protocolViolation
}
