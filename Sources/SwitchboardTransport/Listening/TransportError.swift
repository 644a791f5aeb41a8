/// What can keep a server of this module from starting. Each says what to do.
public enum TransportError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The address is taken, not ours, or not allowed.
    case cannotListen(host: String, port: Int, reason: String)
    /// A certificate or key cannot be read or used.
    case badCertificate(reason: String)
    /// `start` was called twice, or after `shutdown`.
    case alreadyStarted

    public var description: String {
        switch self {
        case .cannotListen(let host, let port, let reason):
            "Cannot listen on \(host):\(port): \(reason). Choose another address or end the process that holds it."
        case .badCertificate(let reason):
            "TLS cannot be set up: \(reason). Check the configured certificate and key files."
        case .alreadyStarted:
            "The server was started before; make a new one."
        }
    }
}
