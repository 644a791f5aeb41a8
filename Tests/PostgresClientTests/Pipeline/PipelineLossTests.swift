import Testing

@testable import PostgresClient

@Suite("Pipeline: lost connections, time, closing")
struct PipelineLossTests {
    @Test("In flight is unknown, unless the server had reported an error; what waited was not executed")
    func loss() {
        var it = MachineFixture { $0.maximumInFlight = 2 }
        _ = it.submit(1, transaction)
        _ = it.submit(2, transaction)
        _ = it.submit(3, PostgresBatch([select]))
        _ = it.sendAll()
        _ = it.answer(success("BEGIN"), .error(error(.uniqueViolation)))
        let completions = it.machine.connectionLost(.connectionLost("reset"))
        #expect(completions.map(\.ticket.number) == [1, 2, 3])
        #expect(completions[0].outcome.failure?.report.results[2] == .skipped)
        #expect(completions[1].outcome == .unknown(.connectionLost("reset")))
        #expect(completions[2].outcome.isNotExecuted)
        it.machine.connected(PostgresSessionID(2))
        #expect(it.send() == .wait)
    }

    @Test("A commit that was answered, but not to the end of its batch, is unknown")
    func lossBehindCommit() {
        var it = MachineFixture()
        _ = it.submit(1, PostgresBatch(transaction.statements + [select]))
        _ = it.sendAll()
        _ = it.answer(success("BEGIN"), success("INSERT 0 1"), success("COMMIT"))
        #expect(it.machine.connectionLost(.connectionLost("x")).map(\.outcome) == [.unknown(.connectionLost("x"))])
    }

    @Test("The server's last words end the connection, and leave the outcome unknown")
    func lastWords() {
        var it = MachineFixture()
        _ = it.submit(1, transaction)
        _ = it.sendAll()
        let shutdown = error(SQLState(rawValue: "57P01"), severity: "FATAL")
        #expect(it.answer(success("BEGIN"), .error(shutdown)) == [.dropConnection("57P01: refused")])
        #expect(it.machine.connectionLost(.connectionLost("x")).map(\.outcome.isUnknown) == [true])
    }

    @Test("A batch for an earlier connection is not executed on a later one")
    func sessions() {
        var it = MachineFixture()
        _ = it.submit(1, PostgresBatch([select]), for: 1)
        #expect(it.send() == .send([execute(select), .sync]))
        _ = it.machine.connectionLost(.connectionLost("x"))
        let ended = BatchOutcome.notExecuted(.sessionEnded(PostgresSessionID(1)))
        #expect(it.submit(2, PostgresBatch([select]), for: 1) == .complete(completion(2, ended)))
        it.machine.connected(PostgresSessionID(2))
        #expect(it.submit(3, PostgresBatch([select]), for: 1) == .none)
        #expect(it.submit(4, PostgresBatch([insert]), for: 2) == .none)
        #expect(it.send() == .complete(completion(3, ended)))
        #expect(it.send() == .send([execute(insert), .sync]))
    }

    @Test("An answer that is late costs the connection; the limit counts from handing over and may be a batch's own")
    func lateAnswer() {
        var it = MachineFixture()
        #expect(it.machine.nextDeadline == nil)
        _ = it.submit(1, PostgresBatch([select], answerTimeLimit: .seconds(60)))
        _ = it.sendAll()
        #expect(it.machine.nextDeadline == it.now.advanced(by: .seconds(60)))
        it.now = it.now.advanced(by: .seconds(1))
        _ = it.submit(2, transaction)
        _ = it.sendAll()
        #expect(it.machine.nextDeadline == it.now.advanced(by: .seconds(5)))
        it.now = it.now.advanced(by: .seconds(5))
        #expect(it.machine.timeElapsed(now: it.now.advanced(by: .nanoseconds(-1))) == .none)
        #expect(it.machine.timeElapsed(now: it.now) == .dropConnection(.noAnswer(within: .seconds(5))))
        #expect(
            it.machine.connectionLost(.noAnswer(within: .seconds(5))) == [
                completion(1, .unknown(.noAnswer(within: .seconds(5)))),
                completion(2, .unknown(.noAnswer(within: .seconds(5)))),
            ])
    }

    @Test("Without a connection a batch waits for so long, and then tells the last error")
    func queueTimeLimit() {
        var it = MachineFixture(connected: false)
        _ = it.submit(1, PostgresBatch([select]))
        let limit = it.now.advanced(by: .seconds(5))
        it.now = it.now.advanced(by: .seconds(1))
        _ = it.submit(2, PostgresBatch([select]))
        it.machine.connectionAttemptFailed("refused")
        #expect(it.machine.nextDeadline == limit)
        #expect(it.machine.timeElapsed(now: limit.advanced(by: .nanoseconds(-1))) == .none)
        let reason = NotExecutedReason.notConnected(after: .seconds(5), lastError: "refused")
        #expect(it.machine.timeElapsed(now: limit) == .complete([completion(1, .notExecuted(reason))]))
        it.machine.connected(PostgresSessionID(1))
        #expect(it.sendAll() == [execute(select), .sync])
    }

    @Test("Closing finishes what is in flight, then refuses what waits, in order")
    func closing() {
        var it = MachineFixture { $0.maximumInFlight = 1 }
        _ = it.submit(1, PostgresBatch([select]))
        _ = it.submit(2, PostgresBatch([select]))
        _ = it.sendAll()
        #expect(it.machine.closeProgress() == .wait)
        it.machine.closeRequested()
        #expect(it.machine.closeProgress() == .wait)
        let closed = BatchOutcome.notExecuted(.closed)
        #expect(it.submit(3, PostgresBatch([select])) == .complete(completion(3, closed)))
        _ = it.answer(success("SELECT 1"))
        #expect(it.sync() == .complete(completion(1, succeeded("SELECT 1"))))
        #expect(it.send() == .wait)
        #expect(it.machine.closeProgress() == .finished([completion(2, closed)]))
    }
}
