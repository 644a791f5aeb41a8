/// A Swift value that can be a parameter of a statement, in the server's binary format.
public protocol PostgresEncodable: Sendable {
    /// The type that the server is told.
    static var postgresType: PostgresType { get }
    /// Whether this is SQL's NULL; ``encode(into:)`` is not called then.
    var isNull: Bool { get }
    /// Appends the binary notation, without its length.
    func encode(into buffer: inout [UInt8])
}

extension PostgresEncodable {
    /// Only `nil` is NULL.
    public var isNull: Bool { false }
}

/// A Swift value that can be an element of an array parameter, as in `unnest($1::uuid[], $2::bytea[])`.
public protocol PostgresArrayElement: PostgresEncodable {
    /// The type of arrays of it.
    static var postgresArrayType: PostgresType { get }
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    public static var postgresType: PostgresType { Wrapped.postgresType }
    public var isNull: Bool { self?.isNull ?? true }
    public func encode(into buffer: inout [UInt8]) { self?.encode(into: &buffer) }
}

extension Optional: PostgresArrayElement where Wrapped: PostgresArrayElement {
    public static var postgresArrayType: PostgresType { Wrapped.postgresArrayType }
}

extension [UInt8] {
    /// Appends an integer in network byte order.
    mutating func appendBigEndian(_ value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }

    /// Appends what `body` appends, preceded by its length as a 32-bit integer.
    mutating func appendWithLength(_ body: (inout [UInt8]) -> Void) {
        let start = count
        appendBigEndian(0 as Int32)
        body(&self)
        let length = Int32(clamping: count - start - MemoryLayout<Int32>.size)
        Swift.withUnsafeBytes(of: length.bigEndian) { bytes in
            for (offset, byte) in bytes.enumerated() { self[start + offset] = byte }
        }
    }
}
