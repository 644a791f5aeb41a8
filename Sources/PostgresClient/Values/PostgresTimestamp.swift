/// A value of type `timestamp with time zone`: an instant, to the microsecond.
public struct PostgresTimestamp: Hashable, Comparable, Sendable {
    /// Microseconds since 1970-01-01 00:00 UTC, negative before.
    public var microsecondsSince1970: Int64

    /// Makes one of microseconds since 1970-01-01 00:00 UTC.
    public init(microsecondsSince1970: Int64) { self.microsecondsSince1970 = microsecondsSince1970 }

    public static func < (left: Self, right: Self) -> Bool {
        left.microsecondsSince1970 < right.microsecondsSince1970
    }

    /// The server counts from 2000-01-01 00:00 UTC.
    private static let serverEpoch: Int64 = 946_684_800_000_000
}

extension PostgresTimestamp: PostgresArrayElement, PostgresDecodable {
    public static var postgresType: PostgresType { .timestamptz }
    public static var postgresArrayType: PostgresType { .timestamptzArray }

    public func encode(into buffer: inout [UInt8]) {
        // What lies before the range becomes −infinity, which is how the server reads the smallest number.
        let (value, overflow) = microsecondsSince1970.subtractingReportingOverflow(Self.serverEpoch)
        buffer.appendBigEndian(overflow ? Int64.min : value)
    }

    /// Reads a finite instant; nil for the server's `infinity` and `-infinity`.
    public init?(postgresBinary bytes: ArraySlice<UInt8>, type: PostgresType) {
        guard type == .timestamptz, bytes.count == 8, let value = Int64(signedBigEndian: bytes),
            value != .min, value != .max
        else { return nil }
        let (microseconds, overflow) = value.addingReportingOverflow(Self.serverEpoch)
        guard !overflow else { return nil }
        self.init(microsecondsSince1970: microseconds)
    }

    /// The text notation of instants depends on settings: not read.
    public init?(postgresText text: String) { nil }
}
