import Testing

@testable import PostgresClient

@Suite("Pipeline: prepared statements")
struct PipelinePreparationTests {
    private let one = PreparedStatement("one", "SELECT $1")
    private let two = PreparedStatement("two", "SELECT 2")

    private func prepare(_ name: String, _ statement: PreparedStatement, _ types: [PostgresType] = [])
        -> PipelineCommand
    {
        .prepare(name: name, sql: statement.sql, types: types)
    }

    @Test("A statement is parsed before its first batch, once, and used by its name from then on")
    func firstUse() {
        var it = MachineFixture()
        _ = it.submit(1, PostgresBatch([one.bind(true), two.bind(), one.bind(false)]))
        _ = it.submit(2, PostgresBatch([one.bind(true)]))
        #expect(it.send() == .send([prepare("s1", one, [.bool]), .sync, prepare("s2", two), .sync]))
        #expect(it.send() == .wait)
        _ = it.answer(success(""))
        #expect(it.sync(.undetermined) == .none)
        #expect(it.send() == .wait)
        _ = it.answer(success(""))
        #expect(it.sync() == .none)
        #expect(
            it.send()
                == .send([
                    execute(one.bind(true), as: "s1"), execute(two.bind(), as: "s2"),
                    execute(one.bind(false), as: "s1"), .sync,
                ]))
        #expect(it.send() == .send([execute(one.bind(true), as: "s1"), .sync]))
    }

    @Test("An error in parsing fails the batch before it is sent, and the next one")
    func cannotBeParsed() {
        var it = MachineFixture()
        _ = it.submit(1, PostgresBatch([insert, two.bind()]))
        _ = it.submit(2, PostgresBatch([select]))
        #expect(it.send() == .send([prepare("s1", two), .sync]))
        _ = it.answer(.error(error(.featureNotSupported)))
        #expect(it.sync() == .none)
        let failure = BatchFailure(
            error: error(.featureNotSupported), failedStatement: 1, settledCount: 0,
            report: BatchReport(results: [.skipped, .error(error(.featureNotSupported))]))
        #expect(it.send() == .complete(completion(1, .failed(failure))))
        #expect(it.send() == .send([execute(select), .sync]))
        _ = it.submit(3, PostgresBatch([two.bind()]))
        #expect(it.send() == .send([prepare("s2", two), .sync]))
    }

    @Test("A new connection knows no statement; names are never used twice")
    func newConnection() {
        var it = MachineFixture()
        _ = it.submit(1, PostgresBatch([two.bind()]))
        _ = it.sendAll()
        _ = it.answer(success(""))
        _ = it.sync()
        _ = it.sendAll()
        #expect(it.machine.connectionLost(.connectionLost("x")).count == 1)
        it.machine.connected(PostgresSessionID(2))
        _ = it.submit(2, PostgresBatch([two.bind()]))
        #expect(it.send() == .send([prepare("s2", two), .sync]))
    }

    @Test("A statement that the server dropped, or whose plan went stale, is parsed anew")
    func forgotten() {
        for state in [SQLState.invalidStatementName, .featureNotSupported] {
            var it = MachineFixture()
            _ = it.submit(1, PostgresBatch([two.bind()]))
            _ = it.sendAll()
            _ = it.answer(success(""))
            _ = it.sync()
            #expect(it.sendAll() == [execute(two.bind(), as: "s1"), .sync])
            _ = it.answer(.error(error(state)))
            _ = it.sync()
            _ = it.submit(2, PostgresBatch([two.bind()]))
            #expect(it.send() == .send([prepare("s2", two), .sync]))
        }
    }

    @Test("One name for two statements, one statement with two types, and too many statements are refused")
    func refused() {
        var it = MachineFixture { $0.maximumPreparedStatements = 1 }
        _ = it.submit(1, PostgresBatch([one.bind(true)]))
        #expect(it.send() == .send([prepare("s1", one, [.bool]), .sync]))
        _ = it.answer(success(""))
        _ = it.sync()
        _ = it.sendAll()
        let ambiguous = BatchOutcome.notExecuted(.invalid(.ambiguousName("one")))
        _ = it.submit(2, PostgresBatch([PreparedStatement("one", "SELECT 0").bind()]))
        #expect(it.send() == .complete(completion(2, ambiguous)))
        _ = it.submit(3, PostgresBatch([one.bind(Int32(1))]))
        #expect(it.send() == .complete(completion(3, ambiguous)))
        _ = it.submit(4, PostgresBatch([two.bind()]))
        #expect(it.send() == .complete(completion(4, .notExecuted(.invalid(.tooManyPreparedStatements(limit: 1))))))
    }
}
