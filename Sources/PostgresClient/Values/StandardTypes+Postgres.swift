extension Bool: PostgresArrayElement, PostgresDecodable {
    public static var postgresType: PostgresType { .bool }
    public static var postgresArrayType: PostgresType { .boolArray }
    public func encode(into buffer: inout [UInt8]) { buffer.append(self ? 1 : 0) }

    public init?(postgresBinary bytes: ArraySlice<UInt8>, type: PostgresType) {
        guard type == .bool, bytes.count == 1, let byte = bytes.first else { return nil }
        self = byte != 0
    }

    public init?(postgresText text: String) {
        switch text {
        case "t": self = true
        case "f": self = false
        default: return nil
        }
    }
}

extension Int32: PostgresArrayElement, PostgresDecodable {
    public static var postgresType: PostgresType { .int4 }
    public static var postgresArrayType: PostgresType { .int4Array }
    public func encode(into buffer: inout [UInt8]) { buffer.appendBigEndian(self) }

    /// Reads `smallint`, `integer`, and a `bigint` that fits.
    public init?(postgresBinary bytes: ArraySlice<UInt8>, type: PostgresType) {
        guard let value = Int64(postgresBinary: bytes, type: type) else { return nil }
        self.init(exactly: value)
    }

    public init?(postgresText text: String) { self.init(text) }
}

extension Int64: PostgresArrayElement, PostgresDecodable {
    public static var postgresType: PostgresType { .int8 }
    public static var postgresArrayType: PostgresType { .int8Array }
    public func encode(into buffer: inout [UInt8]) { buffer.appendBigEndian(self) }

    /// Reads `smallint`, `integer`, `bigint` and `oid`.
    public init?(postgresBinary bytes: ArraySlice<UInt8>, type: PostgresType) {
        switch (type, bytes.count) {
        case (.int2, 2), (.int4, 4), (.int8, 8): self.init(signedBigEndian: bytes)
        case (.oid, 4): self = bytes.reduce(0) { $0 << 8 | Int64($1) }
        default: return nil
        }
    }

    public init?(postgresText text: String) { self.init(text) }
}

/// As `bigint`.
extension Int: PostgresArrayElement, PostgresDecodable {
    public static var postgresType: PostgresType { .int8 }
    public static var postgresArrayType: PostgresType { .int8Array }
    public func encode(into buffer: inout [UInt8]) { buffer.appendBigEndian(Int64(self)) }

    public init?(postgresBinary bytes: ArraySlice<UInt8>, type: PostgresType) {
        guard let value = Int64(postgresBinary: bytes, type: type) else { return nil }
        self.init(exactly: value)
    }

    public init?(postgresText text: String) { self.init(text) }
}

/// As `text`. The server refuses U+0000 in it (SQLSTATE 22021), and with it the whole statement.
extension String: PostgresArrayElement, PostgresDecodable {
    public static var postgresType: PostgresType { .text }
    public static var postgresArrayType: PostgresType { .textArray }
    public func encode(into buffer: inout [UInt8]) { buffer.append(contentsOf: utf8) }

    /// Reads the types of text.
    public init?(postgresBinary bytes: ArraySlice<UInt8>, type: PostgresType) {
        switch type {
        case .text, .varchar, .name, .unknown: self.init(validating: bytes, as: UTF8.self)
        default: return nil
        }
    }

    public init?(postgresText text: String) { self = text }
}
