/// A Swift value that can be read from a column of a result.
public protocol PostgresDecodable {
    /// Reads the binary notation; nil if the column's type, or the bytes, do not fit.
    init?(postgresBinary bytes: ArraySlice<UInt8>, type: PostgresType)
    /// Reads the server's text notation; nil if it does not fit.
    init?(postgresText text: String)
}

extension FixedWidthInteger {
    /// Reads a signed integer of 2, 4 or 8 bytes in network order; nil if it is not one of those or does not fit.
    init?(signedBigEndian bytes: ArraySlice<UInt8>) {
        guard let first = bytes.first else { return nil }
        var value: Int64 = first & 0x80 == 0 ? 0 : -1
        for byte in bytes { value = value << 8 | Int64(byte) }
        self.init(exactly: value)
    }
}
