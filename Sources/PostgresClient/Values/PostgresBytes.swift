/// A value of type `bytea`.
///
/// A type of its own because `[UInt8]` would be an array of small integers.
public struct PostgresBytes: Hashable, Sendable {
    /// The bytes.
    public var bytes: [UInt8]

    /// Wraps bytes.
    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Copies bytes.
    public init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }
}

extension PostgresBytes: PostgresArrayElement, PostgresDecodable {
    public static var postgresType: PostgresType { .bytea }
    public static var postgresArrayType: PostgresType { .byteaArray }
    public func encode(into buffer: inout [UInt8]) { buffer.append(contentsOf: bytes) }

    public init?(postgresBinary bytes: ArraySlice<UInt8>, type: PostgresType) {
        guard type == .bytea else { return nil }
        self.init(bytes)
    }

    /// The text notation of `bytea` depends on a setting: not read.
    public init?(postgresText text: String) { nil }
}
