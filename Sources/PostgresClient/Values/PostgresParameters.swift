/// The parameters of one statement, `$1`, `$2`, …, already encoded.
///
/// ```swift
/// PostgresParameters(ids, indexes, bodies.map(PostgresBytes.init))   // arrays for unnest
/// ```
///
/// All values lie in one buffer, so that a batch of many rows costs one allocation for each statement.
public struct PostgresParameters: Sendable, Equatable {
    /// Where one parameter lies in ``bytes``.
    struct Entry: Equatable {
        var type: PostgresType
        var format: PostgresFormat
        var offset: Int
        /// nil for NULL.
        var length: Int?
    }

    private(set) var entries: [Entry] = []
    private(set) var bytes: [UInt8] = []

    /// No parameters.
    public init() {}

    /// Encodes values in their order.
    public init<each Value: PostgresEncodable>(_ value: repeat each Value) {
        repeat append(each value)
    }

    /// How many there are.
    public var count: Int { entries.count }
    /// How many bytes they take.
    public var byteCount: Int { bytes.count }
    /// Their types, in order.
    public var types: [PostgresType] { entries.map(\.type) }

    /// Adds one in the binary format; nil is NULL.
    public mutating func append(_ value: some PostgresEncodable) {
        let offset = bytes.count
        if !value.isNull { value.encode(into: &bytes) }
        entries.append(
            Entry(
                type: type(of: value).postgresType, format: .binary, offset: offset,
                length: value.isNull ? nil : bytes.count - offset))
    }

    /// Adds one in the server's text notation; the server infers its type, as it does for a quoted literal.
    ///
    /// A U+0000 in it makes the batch invalid, for libpq would cut the text there.
    public mutating func appendLiteral(_ text: String) {
        let offset = bytes.count
        bytes.append(contentsOf: text.utf8)
        entries.append(
            Entry(type: .inferred, format: .text, offset: offset, length: bytes.count - offset))
        // libpq reads texts up to a NUL.
        bytes.append(0)
    }

    /// Whether a literal holds a NUL.
    var hasTruncatedLiteral: Bool {
        entries.contains { entry in
            guard entry.format == .text, let length = entry.length else { return false }
            return bytes[entry.offset..<entry.offset + length].contains(0)
        }
    }
}
