import Testing

@testable import PostgresClient

@Suite("Values (real server)", .timeLimit(.minutes(2)))
struct CodecServerTests {
    @Test("Every type comes back as it went, in the type that the server says")
    func scalars() async throws {
        let connection = try await connect()
        let uuid = PostgresUUID(high: 0x0123_4567_89ab_cdef, low: 0xfedc_ba98_7654_3210)
        let instant = PostgresTimestamp(microsecondsSince1970: 1_700_000_000_123_456)
        let sql = """
            SELECT $1, $2, $3, $4, $5, $6, $7,
                   pg_typeof($1)::text = 'integer' AND pg_typeof($2)::text = 'bigint' AND pg_typeof($3)::text = 'text'
                   AND pg_typeof($4)::text = 'bytea' AND pg_typeof($5)::text = 'boolean'
                   AND pg_typeof($6)::text = 'uuid' AND pg_typeof($7)::text = 'timestamp with time zone',
                   $6::text, extract(epoch FROM $7)::text
            """
        let row = try #require(
            try await connection.query(
                sql,
                PostgresParameters(
                    Int32.min, Int64.max, "grüße 🙂", PostgresBytes([0, 1, 255]), true, uuid, instant)
            ).first)
        #expect(try row.decode(0) == Int32.min)
        #expect(try row.decode(1) == Int64.max)
        #expect(try row.decode(2) == "grüße 🙂")
        #expect(try row.decode(3) == PostgresBytes([0, 1, 255]))
        #expect(try row.decode(4) == true)
        #expect(try row.decode(5) == uuid)
        #expect(try row.decode(6) == instant)
        #expect(try row.decode(7) == true)
        #expect(try row.decode(8) == "01234567-89ab-cdef-fedc-ba9876543210")
        #expect(try row.decode(9) == "1700000000.123456")
        await connection.close()
    }

    @Test("NULL of each type, and empty values, are told apart")
    func nullsAndEmptyValues() async throws {
        let connection = try await connect()
        let rows = try await connection.query(
            "SELECT $1::int4, $2::bytea, $3::text, $4::bytea, $5::text",
            PostgresParameters(Int32?.none, PostgresBytes?.none, String?.none, PostgresBytes([]), ""))
        let row = try #require(rows.first)
        #expect(try row.decodeIfPresent(0, as: Int32.self) == nil)
        #expect(try row.decodeIfPresent(1, as: PostgresBytes.self) == nil)
        #expect(try row.decodeIfPresent(2, as: String.self) == nil)
        #expect(try row.decode(3) == PostgresBytes([]))
        #expect(try row.decode(4) == "")
        await connection.close()
    }

    @Test("Arrays of all types unnest to their elements, NULLs included")
    func arrays() async throws {
        let connection = try await connect()
        let uuids: [PostgresUUID?] = [PostgresUUID(high: 1, low: 2), nil, PostgresUUID(high: .max, low: 0)]
        let integers: [Int32?] = [nil, -7, .max]
        let bodies: [PostgresBytes?] = [PostgresBytes([]), PostgresBytes([0, 255]), nil]
        let texts: [String?] = ["a,b", "", "\"{}\\ NULL"]
        let longs: [Int64?] = [.min, nil, 3]
        let flags: [Bool?] = [true, false, nil]
        let instants: [PostgresTimestamp?] = [
            PostgresTimestamp(microsecondsSince1970: -1), PostgresTimestamp(microsecondsSince1970: 0), nil,
        ]
        let rows = try await connection.query(
            """
            SELECT * FROM unnest($1::uuid[], $2::int4[], $3::bytea[], $4::text[], $5::int8[], $6::bool[],
                                 $7::timestamptz[]) AS t
            """,
            PostgresParameters(uuids, integers, bodies, texts, longs, flags, instants))
        #expect(rows.count == 3)
        #expect(try rows.map { try $0.decodeIfPresent(0) } == uuids)
        #expect(try rows.map { try $0.decodeIfPresent(1) } == integers)
        #expect(try rows.map { try $0.decodeIfPresent(2) } == bodies)
        #expect(try rows.map { try $0.decodeIfPresent(3) } == texts)
        #expect(try rows.map { try $0.decodeIfPresent(4) } == longs)
        #expect(try rows.map { try $0.decodeIfPresent(5) } == flags)
        #expect(try rows.map { try $0.decodeIfPresent(6) } == instants)
        await connection.close()
    }

    @Test("An empty array is an empty array, not NULL")
    func emptyArray() async throws {
        let connection = try await connect()
        let row = try #require(
            try await connection.query(
                "SELECT cardinality($1::uuid[]), $2::text[] IS NULL", PostgresParameters([PostgresUUID](), ["x"])
            ).first)
        #expect(try row.decode(0) == Int32(0))
        #expect(try row.decode(1) == false)
        await connection.close()
    }

    @Test("Literals take the type that the place wants; text results come in the server's notation")
    func literalsAndText() async throws {
        let connection = try await connect()
        var parameters = PostgresParameters()
        parameters.appendLiteral("12.50")
        let statement = PostgresStatement(
            sql: "SELECT $1::numeric + 1 AS amount, true AS flag, 7::int8 AS seven", parameters, resultFormat: .text)
        let report = try #require(try await connection.execute(PostgresBatch([statement])).report)
        let row = try #require(report.rows(0).first)
        #expect(try row.decode("amount") == "13.50")
        #expect(try row.decode("flag") == true)
        #expect(try row.decode("seven") == Int64(7))
        await connection.close()
    }

    @Test("A NUL in one text refuses the whole statement with a data error")
    func nulInText() async throws {
        let connection = try await connect()
        let outcome = try await connection.execute(
            PostgresBatch([
                PostgresStatement(sql: "SELECT * FROM unnest($1::text[])", PostgresParameters(["good", "b\u{0}d"]))
            ]))
        let failure = try #require(outcome.failure)
        #expect(failure.error.sqlState == .characterNotInRepertoire)
        #expect(failure.error.sqlState.isDataError)
        #expect(failure.settledCount == 0)
        await connection.close()
    }

    @Test("A parameter of another type than the place wants is an error, never a wrong value")
    func typeMismatch() async throws {
        let connection = try await connect()
        let table = try await makeTable("id int4, at timestamptz", on: connection)
        let insert = PostgresStatement(sql: "INSERT INTO \(table) (at) VALUES ($1)", PostgresParameters(Int64(5)))
        let outcome = try await connection.execute(PostgresBatch([insert]))
        #expect(outcome.failure?.error.sqlState == SQLState(rawValue: "42804"))
        await connection.close()
    }
}
