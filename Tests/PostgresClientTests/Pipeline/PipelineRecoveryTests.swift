import Testing

@testable import PostgresClient

@Suite("Pipeline: failed transactions")
struct PipelineRecoveryTests {
    private let refusal: ServerAnswer = .error(error(.inFailedTransaction))
    private let rollback: [PipelineCommand] = [execute(PostgresStatement(sql: "ROLLBACK")), .sync]

    /// Three batches in flight, the first has failed within its transaction.
    private func failedFirst(status: TransactionStatus = .undetermined) -> MachineFixture {
        var it = MachineFixture()
        _ = it.submit(1, transaction)
        _ = it.submit(2, transaction)
        _ = it.submit(3, PostgresBatch([select]))
        #expect(it.sendAll().count == 10)
        _ = it.answer(success("BEGIN"), .error(error(.uniqueViolation)), .skipped)
        guard case .complete(let completion) = it.sync(status) else {
            Issue.record("the first batch has no outcome")
            return it
        }
        #expect(completion.outcome.failure?.settledCount == 0)
        return it
    }

    @Test("What was in flight behind a failed transaction is refused, and sent again in order after its end")
    func refusedBatchesAreSentAgain() {
        var it = failedFirst()
        #expect(it.submit(4, PostgresBatch([insert])) == .none)
        #expect(it.send() == .send(rollback))
        #expect(it.send() == .wait)
        _ = it.answer(refusal, .skipped, .skipped)
        #expect(it.sync(.undetermined) == .none)
        _ = it.answer(refusal)
        #expect(it.sync(.undetermined) == .none)
        #expect(it.send() == .wait)
        _ = it.answer(success("ROLLBACK"))
        #expect(it.sync(.idle) == .none)
        #expect(it.sendAll() == transactionCommands + [execute(select), .sync, execute(insert), .sync])
        _ = it.answer(success("BEGIN"), success("INSERT 0 1"), success("COMMIT"))
        #expect(it.sync() == .complete(completion(2, succeeded("BEGIN", "INSERT 0 1", "COMMIT"))))
    }

    @Test("If the server had ended the transaction, what follows is executed and ending it again does no harm")
    func endedByTheServer() throws {
        var it = MachineFixture()
        _ = it.submit(1, transaction)
        _ = it.submit(2, PostgresBatch([select]))
        _ = it.sendAll()
        // A COMMIT that fails ends the transaction, which cannot be seen while more is in flight.
        _ = it.answer(success("BEGIN"), success("INSERT 0 1"), .error(error(.uniqueViolation)))
        guard case .complete = it.sync(.undetermined) else { throw Unexpected() }
        #expect(it.send() == .send(rollback))
        _ = it.answer(success("SELECT 1"))
        #expect(it.sync(.undetermined) == .complete(completion(2, succeeded("SELECT 1"))))
        _ = it.answer(success("ROLLBACK"))
        #expect(it.sync(.idle) == .none)
        #expect(it.send() == .wait)
    }

    @Test("A COMMIT that fails with nothing behind it needs no further end")
    func failedCommitAlone() throws {
        var it = MachineFixture()
        _ = it.submit(1, transaction)
        _ = it.sendAll()
        _ = it.answer(success("BEGIN"), success("INSERT 0 1"), .error(error(.uniqueViolation)))
        guard case .complete = it.sync(.idle) else { throw Unexpected() }
        #expect(it.send() == .wait)
    }

    @Test("25P02 from a statement's own doing is an error like any other, and never makes a batch go round")
    func ownDoing() throws {
        var it = MachineFixture()
        _ = it.submit(1, PostgresBatch([select]))
        _ = it.sendAll()
        _ = it.answer(refusal)
        guard case .complete(let completion) = it.sync() else { throw Unexpected() }
        #expect(completion.outcome.failure?.error.sqlState == .inFailedTransaction)
    }

    @Test("A statement whose parsing was refused for that is parsed afterwards")
    func preparationRefused() throws {
        var it = MachineFixture()
        let statement = PreparedStatement("one", "SELECT 1")
        _ = it.submit(1, transaction)
        _ = it.submit(2, PostgresBatch([statement.bind()]))
        _ = it.sendAll()
        _ = it.answer(success("BEGIN"), .error(error(.uniqueViolation)), .skipped)
        guard case .complete = it.sync(.undetermined) else { throw Unexpected() }
        #expect(it.send() == .send(rollback))
        _ = it.answer(refusal)
        #expect(it.sync(.undetermined) == .none)
        _ = it.answer(success("ROLLBACK"))
        #expect(it.sync(.idle) == .none)
        #expect(it.send() == .send([.prepare(name: "s2", sql: "SELECT 1", types: []), .sync]))
    }

    @Test("A failed transaction that does not end costs the connection")
    func doesNotEnd() {
        var it = failedFirst()
        _ = it.send()
        _ = it.answer(refusal, .skipped, .skipped)
        _ = it.sync(.undetermined)
        _ = it.answer(refusal)
        _ = it.sync(.undetermined)
        _ = it.answer(.error(error(.queryCanceled)))
        #expect(it.sync(.inFailedTransaction) == .dropConnection("a failed transaction does not end"))
        // Both were refused, so neither was executed.
        #expect(
            it.machine.connectionLost(.connectionLost("x")).map(\.outcome.isNotExecuted) == [true, true])
    }
}
