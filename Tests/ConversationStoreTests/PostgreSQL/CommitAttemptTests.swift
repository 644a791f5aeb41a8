import PostgresClient
import StoreTestSupport
import SwitchboardCore
import SwitchboardProtocol
import Testing

@testable import ConversationStore

/// What becomes of a batch, told as the server's answers.
@Suite("commit attempt")
struct CommitAttemptTests {
    private let day = LogDay(20_000)
    private let nul = PostgresError(sqlState: .characterNotInRepertoire, message: "invalid byte sequence")

    private func append(_ number: UInt64, presenceOf users: [String] = []) -> LogAppend {
        LogAppend(
            conversation: ConversationID(high: 0, low: number), index: 1, predecessor: nil,
            id: AppendID(incarnation: Incarnation(trusted: "a.1"), counter: number), entry: .sample(marker: 1),
            born: nil,
            isCheckpoint: false,
            row: ConversationRow(
                caller: UserID(trusted: "alice"), callee: nil, leader: Incarnation(trusted: "a.1"), epoch: 1,
                isEnded: false, deadline: nil),
            presenceOf: users.map(UserID.init(trusted:)))
    }

    private func attempt(_ appends: [LogAppend], confirming numbers: [UInt64] = []) -> CommitAttempt {
        let confirmations = numbers.map { number in
            LogConfirmation(
                conversation: ConversationID(high: 0, low: number), index: 1,
                id: AppendID(incarnation: Incarnation(trusted: "a.1"), counter: number), born: day)
        }
        return CommitAttempt(StoreBatch(lane: .writer(0), appends: appends, confirmations: confirmations))
    }

    private func bytes(_ values: some PostgresEncodable) -> [UInt8] {
        var bytes: [UInt8] = []
        values.encode(into: &bytes)
        return bytes
    }

    private func id(_ number: UInt64) -> [UInt8] { bytes(PostgresUUID(high: 0, low: number)) }

    /// All took effect that are named.
    private func success(
        appended: [UInt64], confirmed: [Int32] = [], blocked: [UInt64: PairHolder] = [:],
        pushed: [UInt64: Int32] = [:], warnings: [PostgresNotice] = []
    ) -> BatchOutcome {
        let columns = [
            PostgresColumn(name: "outcome", type: .text), PostgresColumn(name: "subject", type: .uuid),
            PostgresColumn(name: "amount", type: .int4), PostgresColumn(name: "holder", type: .uuid),
            PostgresColumn(name: "holder_caller", type: .text), PostgresColumn(name: "holder_audio", type: .bool),
            PostgresColumn(name: "holder_video", type: .bool), PostgresColumn(name: "holder_accepted", type: .bool),
        ]
        let none: [[UInt8]?] = [nil, nil, nil, nil, nil]
        let rows: [[[UInt8]?]] =
            appended.map { [bytes("committed"), id($0), bytes(day.number)] + none }
            + confirmed.map { [bytes("confirmed"), nil, bytes($0)] + none }
            + blocked.map { pair in
                [
                    bytes("blocked"), id(pair.key), nil, id(pair.value.conversation.low), bytes(pair.value.caller.text),
                    bytes(pair.value.media.audio), bytes(pair.value.media.video), bytes(pair.value.isAccepted),
                ]
            }
            + pushed.map { [bytes("pushed"), id($0.key), bytes($0.value)] + none }
        let output = StatementOutput(rows: PostgresRows(columns: columns, rows: rows), tag: "SELECT")
        let quiet = StatementResult.success(StatementOutput(tag: ""))
        return .succeeded(BatchReport(results: [quiet, .success(output), quiet], warnings: warnings))
    }

    private func failure(_ error: PostgresError, settled: Int = 0) -> BatchOutcome {
        .failed(
            BatchFailure(
                error: error, failedStatement: 1, settledCount: settled,
                report: BatchReport(results: [.skipped, .error(error), .skipped])))
    }

    private func size(_ attempt: CommitAttempt) -> Int { attempt.batch.statements.count }

    @Test("a clean answer gives each append its result, in the core's order")
    func committed() {
        var attempt = attempt([append(9), append(3), append(5)], confirming: [8, 7])
        let result = attempt.received(success(appended: [3, 9], confirmed: [2]))
        #expect(result?.appends == [.committed(day), .committed(day), .clash])
        #expect(result?.confirmations == [false, true])
    }

    @Test("a refused batch is halved until the culprit is alone")
    func halved() {
        var attempt = attempt([append(1), append(2), append(3), append(4)])
        #expect(attempt.received(failure(nul)) == nil)
        // 1 and 2
        #expect(attempt.received(success(appended: [1, 2])) == nil)
        // 3 and 4
        #expect(attempt.received(failure(nul)) == nil)
        // 3 alone
        #expect(attempt.received(failure(nul)) == nil)
        let result = attempt.received(success(appended: [4]))
        #expect(result?.appends.map { $0.day != nil } == [true, true, false, true])
        #expect(result?.appends[2].isRefused == true)
    }

    @Test("a half without effect behind one with effect leaves the whole unknown")
    func partlyCommitted() {
        for outcome: BatchOutcome in [
            .unknown(.connectionLost("gone")), .notExecuted(.connectionLost("gone")),
            failure(PostgresError(sqlState: .deadlockDetected, message: "deadlock")),
        ] {
            var attempt = attempt([append(1), append(2)])
            #expect(attempt.received(failure(nul)) == nil)
            #expect(attempt.received(success(appended: [1])) == nil)
            #expect(attempt.received(outcome)?.isUnknown == true)
        }
    }

    @Test("halves without effect, all of them, leave the whole without effect")
    func nothingCommitted() {
        var attempt = attempt([append(1), append(2)])
        #expect(attempt.received(failure(nul)) == nil)
        #expect(attempt.received(success(appended: [])) == nil)
        #expect(attempt.received(.notExecuted(.connectionLost("gone")))?.unavailability != nil)
    }

    @Test("what is provably without effect is unavailable")
    func unavailable() {
        let lock = PostgresError(sqlState: .lockNotAvailable, message: "canceling statement due to lock timeout")
        var locked = attempt([append(1), append(2)])
        #expect(locked.received(failure(lock))?.unavailability?.hasPrefix("lock_timeout") == true)
        for state in [SQLState.deadlockDetected, .serializationFailure, .queryCanceled] {
            var attempt = attempt([append(1)])
            #expect(attempt.received(failure(PostgresError(sqlState: state, message: "")))?.unavailability != nil)
        }
        var unsent = attempt([append(1)])
        #expect(unsent.received(.notExecuted(.sessionEnded(PostgresSessionID(1))))?.unavailability != nil)
    }

    @Test("what cannot be known is unknown")
    func unknown() {
        var late = attempt([append(1)])
        #expect(late.received(.unknown(.noAnswer(within: .seconds(5))))?.isUnknown == true)

        // The commit returned, but its wait for the standby had been cancelled: a ghost.
        let warning = PostgresNotice(
            sqlState: SQLState(rawValue: "01000"), severity: "WARNING", message: "canceling wait",
            sourceFunction: "SyncRepWaitForLSN")
        var ghost = attempt([append(1)])
        #expect(ghost.received(success(appended: [1], warnings: [warning]))?.isUnknown == true)

        // The commit stands, but not what was to be read behind it.
        var unread = attempt([append(1, presenceOf: ["bob"])])
        #expect(unread.received(failure(nul, settled: 3))?.isUnknown == true)
    }

    @Test("confirmations at fault fail nobody else")
    func confirmationsAtFault() {
        var attempt = attempt([append(1)], confirming: [2])
        #expect(attempt.received(failure(nul)) == nil)
        #expect(attempt.received(failure(nul)) == nil)
        let result = attempt.received(success(appended: [1]))
        #expect(result?.appends == [.committed(day)])
        #expect(result?.confirmations == [false])
    }

    @Test("an append that no store can take is not sent, a second one to the same log clashes")
    func notSent() {
        var bad = append(1)
        bad.index = .max
        var second = append(2)
        second.index = 2
        var attempt = attempt([bad, append(2), second])
        let result = attempt.received(success(appended: [2]))
        #expect(result?.appends.first?.isRefused == true)
        #expect(result?.appends.dropFirst() == [.committed(day), .clash])
    }

    @Test("presence is asked for in the same flush, of names that can have any")
    func presence() {
        #expect(size(attempt([append(1)])) == 3)
        #expect(size(attempt([append(1, presenceOf: ["bob"])])) == 4)
        let parameters = attempt([append(1, presenceOf: ["bob", "nul\0", "bob"])]).batch.statements.last?.parameters
        #expect(parameters == PostgresParameters(["bob"]))
    }

    // MARK: Pairs

    private let media = PairMedia(audio: true, video: false)

    private func pair(_ one: String, _ other: String) -> PairKey {
        PairKey(UserID(trusted: one), UserID(trusted: other))
    }

    /// The conversations that the present transaction appends to, in its order.
    private func appended(_ attempt: CommitAttempt) -> PostgresParameters? {
        attempt.batch.statements.dropFirst().first?.parameters
    }

    private func isSame(_ attempt: CommitAttempt, as other: [LogAppend], confirming numbers: [UInt64] = []) -> Bool {
        appended(attempt) == appended(self.attempt(other, confirming: numbers))
    }

    @Test("an append that is blocked has no effect, with the holder's name; the others have")
    func blocked() {
        let holder = PairHolder(
            conversation: ConversationID(high: 0, low: 77), caller: UserID(trusted: "bob"),
            media: PairMedia(audio: true, video: true), isAccepted: true)
        var take = append(2)
        take.pair = .take(pair("alice", "bob"), media: media)
        var attempt = attempt([append(1), take])
        let result = attempt.received(success(appended: [1], blocked: [2: holder], pushed: [1: 3]))
        #expect(result?.appends == [.committed(day), .blocked(holder)])
        #expect(result?.batch?.pushes == [ConversationID(high: 0, low: 1): 3])
    }

    @Test("steps of one pair go in transactions of their own: ends first, then in the core's order")
    func rounds() {
        var second = append(1)
        second.pair = .take(pair("bob", "alice"), media: media)
        var first = append(2)
        first.pair = .take(pair("alice", "bob"), media: media)
        var ending = append(3)
        ending.pair = .release(pair("alice", "bob"))
        var foreign = append(4)
        foreign.pair = .take(pair("alice", "carol"), media: media)
        let plain = append(5)
        var attempt = attempt([first, second, ending, foreign, plain], confirming: [9])
        #expect(isSame(attempt, as: [ending, foreign, plain], confirming: [9]))
        #expect(attempt.received(success(appended: [3, 4, 5], confirmed: [1])) == nil)
        #expect(isSame(attempt, as: [first]))
        #expect(attempt.received(success(appended: [2])) == nil)
        #expect(isSame(attempt, as: [second]))
        let holder = PairHolder(
            conversation: first.conversation, caller: UserID(trusted: "alice"), media: media, isAccepted: false)
        let result = attempt.received(success(appended: [], blocked: [1: holder]))
        let committed = AppendResult.committed(day)
        #expect(result?.appends == [committed, .blocked(holder), committed, committed, committed])
        #expect(result?.confirmations == [true])
    }

    @Test("a refused transaction is halved before the next one of its pairs goes out")
    func roundsHalved() {
        var first = append(1)
        first.pair = .release(pair("alice", "bob"))
        var second = append(2)
        second.pair = .take(pair("alice", "bob"), media: media)
        let plain = append(3)
        var attempt = attempt([first, second, plain])
        #expect(isSame(attempt, as: [first, plain]))
        #expect(attempt.received(failure(nul)) == nil)
        #expect(isSame(attempt, as: [first]))
        #expect(attempt.received(failure(nul)) == nil)
        #expect(isSame(attempt, as: [plain]))
        #expect(attempt.received(success(appended: [3])) == nil)
        #expect(isSame(attempt, as: [second]))
        let result = attempt.received(success(appended: [2]))
        #expect(result?.appends.map { $0.day != nil } == [false, true, true])
        #expect(result?.appends.first?.isRefused == true)
    }
}
