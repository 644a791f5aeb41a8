import Testing

@testable import PostgresClient

@Suite("Pipeline: flow")
struct PipelineFlowTests {
    @Test("Batches leave in order, each closed by a synchronisation point, and are answered in order")
    func twoBatches() {
        var it = MachineFixture()
        #expect(it.submit(1, transaction) == .none)
        #expect(it.submit(2, PostgresBatch([select])) == .none)
        #expect(it.send() == .send(transactionCommands))
        #expect(it.send() == .send([execute(select), .sync]))
        #expect(it.send() == .wait)
        #expect(it.answer(success("BEGIN"), success("INSERT 0 1"), success("COMMIT")) == [])
        #expect(it.sync(.undetermined) == .complete(completion(1, succeeded("BEGIN", "INSERT 0 1", "COMMIT"))))
        #expect(it.answer(success("SELECT 1")) == [])
        #expect(it.sync() == .complete(completion(2, succeeded("SELECT 1"))))
        #expect(!it.machine.isAwaitingAnswer)
    }

    @Test("No more than the limit is in flight")
    func window() {
        var it = MachineFixture { $0.maximumInFlight = 2 }
        for number in 1...3 as ClosedRange<UInt64> { #expect(it.submit(number, PostgresBatch([select])) == .none) }
        #expect(it.sendAll().count == 4)
        #expect(it.answer(success("SELECT 1")) == [])
        #expect(it.sync(.undetermined) == .complete(completion(1, succeeded("SELECT 1"))))
        #expect(it.sendAll() == [execute(select), .sync])
    }

    @Test("Without a connection nothing is sent; then all of it is")
    func connectsLater() {
        var it = MachineFixture(connected: false)
        #expect(it.submit(1, PostgresBatch([select])) == .none)
        #expect(it.send() == .wait)
        it.machine.connected(PostgresSessionID(1))
        #expect(it.sendAll() == [execute(select), .sync])
    }

    @Test("An error in an explicit transaction: nothing is settled, the rest is skipped")
    func failure() {
        var it = MachineFixture()
        _ = it.submit(1, transaction)
        _ = it.sendAll()
        #expect(it.answer(success("BEGIN"), .error(error(.uniqueViolation)), .skipped) == [])
        let failure = BatchFailure(
            error: error(.uniqueViolation), failedStatement: 1, settledCount: 0,
            report: BatchReport(results: [
                .success(StatementOutput(tag: "BEGIN")), .error(error(.uniqueViolation)), .skipped,
            ]))
        #expect(it.sync(.inFailedTransaction) == .complete(completion(1, .failed(failure))))
    }

    @Test("An error behind the commit leaves what was committed settled")
    func failureBehindCommit() throws {
        var it = MachineFixture()
        _ = it.submit(1, PostgresBatch(transaction.statements + [select]))
        _ = it.sendAll()
        _ = it.answer(success("BEGIN"), success("INSERT 0 1"), success("COMMIT"), .error(error(.queryCanceled)))
        guard case .complete(let completion) = it.sync() else { throw Unexpected() }
        #expect(completion.outcome.failure?.settledCount == 3)
        #expect(completion.outcome.failure?.failedStatement == 3)
        // The session is in no transaction, so nothing is to be rolled back.
        #expect(it.send() == .wait)
    }

    @Test("An error at the synchronisation point belongs to no statement")
    func failureAtTheEnd() throws {
        var it = MachineFixture()
        _ = it.submit(1, PostgresBatch([insert]))
        _ = it.sendAll()
        #expect(it.answer(success("INSERT 0 1"), .error(error(.uniqueViolation))) == [])
        guard case .complete(let completion) = it.sync() else { throw Unexpected() }
        let failure = try #require(completion.outcome.failure)
        #expect(failure.failedStatement == nil)
        #expect(failure.settledCount == 0)
    }

    @Test("Warnings stay with their batch; other notices are dropped; a cancelled wait for a standby shows")
    func warnings() throws {
        var it = MachineFixture()
        _ = it.submit(1, transaction)
        _ = it.submit(2, PostgresBatch([select]))
        _ = it.sendAll()
        let warning = PostgresNotice(
            sqlState: SQLState(rawValue: "01000"), severity: "WARNING", message: "Abbruch",
            sourceFunction: "SyncRepWaitForLSN")
        _ = it.answer(success("BEGIN"), success("INSERT 0 1"))
        it.machine.noticeReceived(
            PostgresNotice(sqlState: SQLState(rawValue: "00000"), severity: "NOTICE", message: "news"))
        for _ in 0..<100 { it.machine.noticeReceived(warning) }
        _ = it.answer(success("COMMIT"))
        guard case .complete(let first) = it.sync(.undetermined) else { throw Unexpected() }
        let report = try #require(first.outcome.report)
        #expect(report.warnings == Array(repeating: warning, count: PipelineUnit.maximumWarnings))
        #expect(report.isReplicationUncertain)
        _ = it.answer(success("SELECT 1"))
        #expect(it.sync() == .complete(completion(2, succeeded("SELECT 1"))))
    }

    @Test("Answers that cannot belong to what was sent cost the connection")
    func protocolViolations() {
        var it = MachineFixture()
        #expect(it.answer(success("SELECT 1")) == [.dropConnection("the server answers what was not asked")])
        #expect(it.sync() == .dropConnection("a synchronisation point that was not asked for"))

        _ = it.submit(1, PostgresBatch([select]))
        _ = it.sendAll()
        #expect(it.sync() == .dropConnection("an answer is missing"))
        #expect(
            it.answer(success("SELECT 1"), success("SELECT 1")) == [
                .dropConnection("the server answers more than was asked")
            ])
        #expect(it.sync(.inTransaction) == .dropConnection("a batch left its transaction open"))
        #expect(it.sync(.inFailedTransaction) == .dropConnection("a transaction failed without an error"))
        // What was sent is still known, and its outcome is not.
        #expect(
            it.machine.connectionLost(.connectionLost("x")) == [completion(1, .unknown(.connectionLost("x")))])
    }

    @Test("A COMMIT that was answered with ROLLBACK is no success")
    func commitAnsweredWithRollback() {
        var it = MachineFixture()
        _ = it.submit(1, transaction)
        _ = it.sendAll()
        #expect(
            it.answer(success("BEGIN"), success("INSERT 0 1"), success("ROLLBACK")) == [
                .dropConnection("a COMMIT was answered with ROLLBACK")
            ])
    }
}

/// Something else came than the test goes on with.
struct Unexpected: Error {}
