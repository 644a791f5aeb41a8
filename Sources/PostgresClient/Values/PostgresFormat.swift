/// How a value is written on the wire.
public enum PostgresFormat: Int32, Sendable {
    /// The server's text notation.
    case text = 0
    /// The type's own binary notation, in network byte order.
    case binary = 1
}
