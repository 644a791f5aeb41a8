import Testing

@testable import PostgresClient

@Suite("Binary notation of values")
struct PostgresValueTests {
    private func encoded(_ value: some PostgresEncodable) -> [UInt8] {
        var parameters = PostgresParameters()
        parameters.append(value)
        return parameters.bytes
    }

    @Test("Numbers are in network byte order, instants count from 2000")
    func scalars() {
        #expect(encoded(Int32(-2)) == [255, 255, 255, 254])
        #expect(encoded(Int64(258)) == [0, 0, 0, 0, 0, 0, 1, 2])
        #expect(encoded(PostgresTimestamp(microsecondsSince1970: 946_684_800_000_001)) == [0, 0, 0, 0, 0, 0, 0, 1])
        #expect(encoded(PostgresTimestamp(microsecondsSince1970: .min)) == [0x80, 0, 0, 0, 0, 0, 0, 0])
        #expect(encoded(PostgresUUID(high: 1, low: 2)) == [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2])
    }

    @Test("An array says its element type, its length, and which elements are NULL")
    func array() {
        #expect(
            encoded([true, nil] as [Bool?]) == [
                0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 16, 0, 0, 0, 2, 0, 0, 0, 1,
                0, 0, 0, 1, 1, 255, 255, 255, 255,
            ])
        #expect(encoded([Int32]()) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 23])
        #expect(encoded(Optional<[Int32?]>.none).isEmpty)
    }

    @Test("Parameters keep their places in one buffer")
    func parameters() {
        let parameters = PostgresParameters("ab", Int32?.none, [PostgresBytes([7])], "")
        #expect(parameters.types == [.text, .int4, .byteaArray, .text])
        #expect(parameters.entries.map(\.length) == [2, nil, 25, 0])
        #expect(parameters.entries.map(\.offset) == [0, 2, 2, 27])
        #expect(parameters.byteCount == 27)
    }

    @Test("Only what the type and the bytes allow is read")
    func decoding() {
        #expect(Int32(postgresBinary: [1, 0], type: .int2) == 256)
        #expect(Int64(postgresBinary: [255, 255, 255, 255], type: .oid) == 4_294_967_295)
        #expect(Int64(postgresBinary: [255, 255, 255, 255], type: .int4) == -1)
        #expect(Int32(postgresBinary: [0, 0, 0, 1, 0, 0, 0, 0], type: .int8) == nil)
        #expect(Int32(postgresBinary: [0, 0, 0, 1], type: .text) == nil)
        #expect(Int32(postgresBinary: [0, 0, 1], type: .int4) == nil)
        #expect(String(postgresBinary: [0xff], type: .text) == nil)
        #expect(PostgresUUID(postgresBinary: [1], type: .uuid) == nil)
        #expect(PostgresTimestamp(postgresBinary: [0x7f] + Array(repeating: 255, count: 7), type: .timestamptz) == nil)
        #expect(
            PostgresUUID(postgresText: "01234567-89ab-cdef-fedc-ba9876543210")
                == PostgresUUID(high: 0x0123_4567_89ab_cdef, low: 0xfedc_ba98_7654_3210))
        #expect(PostgresUUID(postgresText: "0123") == nil)
    }
}

@Suite("Rows")
struct PostgresRowsTests {
    private let rows = PostgresRows(
        columns: [PostgresColumn(name: "id", type: .int4), PostgresColumn(name: "name", type: .text)],
        rows: [[[0, 0, 0, 7], Array("seven".utf8)], [[0, 0, 0, 8], nil]])

    @Test("Fields are found by position and by name")
    func access() throws {
        #expect(rows.count == 2)
        #expect(try rows[0].decode("name") == "seven")
        #expect(try rows[1].decode(0) == Int32(8))
        #expect(try rows[1].decodeIfPresent("name", as: String.self) == nil)
        #expect(rows[0].bytes(at: 2) == nil)
    }

    @Test("What does not fit is a named error")
    func errors() {
        #expect(throws: PostgresDecodingError.unexpectedNull(column: "name")) {
            try rows[1].decode(1, as: String.self)
        }
        #expect(throws: PostgresDecodingError.noSuchColumn("other")) { try rows[0].decode("other", as: String.self) }
        #expect(throws: PostgresDecodingError.noSuchColumn("#2")) { try rows[0].decode(2, as: String.self) }
        #expect(throws: PostgresDecodingError.mismatch(column: "id", type: .int4, wanted: "String")) {
            try rows[0].decode(0, as: String.self)
        }
    }

    @Test("Results are equal if their columns and values are")
    func equality() {
        let columns = [PostgresColumn(name: "a", type: .text)]
        let empty = PostgresRows(columns: columns, rows: [[[]]])
        #expect(empty == PostgresRows(columns: columns, rows: [[[]]]))
        #expect(empty != PostgresRows(columns: columns, rows: [[nil]]))
        #expect(empty != PostgresRows(columns: columns, rows: [[[]], [[]]]))
    }
}
