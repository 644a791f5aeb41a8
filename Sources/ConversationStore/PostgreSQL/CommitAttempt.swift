import PostgresClient
import SwitchboardCore
import SwitchboardProtocol

/// One `StoreBatch` on its way: what to send next, and what the answers mean.
///
/// Usually that is one transaction. Steps of one pair go in transactions of their own, one after the other. If the server
/// refuses one for its data, nobody knows which append is at fault (one NUL in a text fails them all), and it is halved
/// until the culprit is alone. A value without input or output; its owner sends ``batch`` and tells the outcome.
struct CommitAttempt: Sendable {
    /// What goes out in one transaction: some of the appends, and perhaps the confirmations.
    private struct Part {
        var appends: Range<Int>
        var hasConfirmations: Bool
    }

    private let command: StoreBatch
    /// What can be sent at all: by transaction, and there sorted by conversation, so that batches of different nodes lock
    /// in one order.
    private let encoded: [EncodedAppend]
    private var result: StoreBatchResult
    /// The part in hand comes last.
    private var parts: [Part]
    private var hasCommitted = false

    init(_ command: StoreBatch) {
        self.command = command
        var results = Array(repeating: AppendResult.clash, count: command.appends.count)
        var encoded: [EncodedAppend] = []
        for (place, append) in command.appends.enumerated() {
            do {
                encoded.append(EncodedAppend(append: append, body: try append.encodedBody(), place: place))
            } catch {
                results[place] = .refused(reason: (error as? DataRefusal)?.reason ?? "\(error)")
            }
        }
        encoded.sort { ($0.append.conversation, $0.place) < ($1.append.conversation, $1.place) }
        let rounds = Self.rounds(of: Self.firstOfEach(encoded))
        self.encoded = rounds.flatMap(\.self)
        result = StoreBatchResult(
            appends: results, confirmations: Array(repeating: false, count: command.confirmations.count))
        parts = []
        var end = self.encoded.count
        for (number, round) in rounds.enumerated().reversed() {
            // Confirmations are of the logs as they are before all appends.
            let hasConfirmations = number == 0 && !command.confirmations.isEmpty
            parts.append(Part(appends: end - round.count..<end, hasConfirmations: hasConfirmations))
            end -= round.count
        }
    }

    /// A second append to a log could not have its predecessor in the same statement: it stays a clash.
    private static func firstOfEach(_ sorted: [EncodedAppend]) -> [EncodedAppend] {
        var kept: [EncodedAppend] = []
        for append in sorted where kept.last?.append.conversation != append.append.conversation { kept.append(append) }
        return kept
    }

    /// What is to be sent now: the transaction, and behind its commit the read of presence.
    var batch: PostgresBatch {
        let part = parts.last ?? Part(appends: 0..<0, hasConfirmations: false)
        let appends = encoded[part.appends]
        let users = Set(appends.flatMap(\.append.presenceOf))
        return .transaction(
            [.commitBatch(appends, confirming: part.hasConfirmations ? command.confirmations : [])],
            then: users.isEmpty ? [] : [.readPresence(of: users)])
    }

    /// Takes the outcome of ``batch``; nil: send ``batch`` again, it is another one now.
    mutating func received(_ outcome: BatchOutcome) -> StoreResult? {
        switch outcome {
        case .succeeded(let report):
            guard !report.isReplicationUncertain else {
                return .unknown(reason: "the wait for the synchronous standby was cancelled")
            }
            do {
                try note(report)
            } catch {
                return .unknown(reason: "committed, but the answer cannot be read: \(error)")
            }
            parts.removeLast()
        case .failed(let failure) where failure.settledCount > 0:
            return .unknown(reason: "committed, but presence could not be read: \(failure.error)")
        case .failed(let failure) where failure.error.sqlState.isCausedByData:
            divide(after: failure.error)
        case .failed(let failure):
            return withoutEffect(failure.error.unavailability)
        case .unknown(let reason):
            return .unknown(reason: reason.description)
        case .notExecuted(let reason):
            return withoutEffect(reason.description)
        }
        return parts.isEmpty ? .committed(result) : nil
    }

    /// This part has had no effect; others may have.
    private func withoutEffect(_ reason: String) -> StoreResult {
        hasCommitted ? .unknown(reason: "a part was committed; another not: \(reason)") : .unavailable(reason: reason)
    }

    private mutating func note(_ report: BatchReport) throws(PostgresDecodingError) {
        guard let part = parts.last else { return }
        var places: [ConversationID: Int] = [:]
        for append in encoded[part.appends] { places[append.append.conversation] = append.place }
        var users: Set<UserID> = []
        for row in report.rows(PostgresBatch.resultIndex(inTransaction: 0)) {
            let outcome: String = try row.decode(0)
            guard outcome != "confirmed" else {
                let place = Int(try row.decode(2, as: Int32.self)) - 1
                if result.confirmations.indices.contains(place) { result.confirmations[place] = true }
                continue
            }
            let conversation = try row.decodeConversation(1)
            guard let place = places[conversation] else { continue }
            switch outcome {
            case "committed":
                result.appends[place] = .committed(LogDay(try row.decode(2)))
                users.formUnion(command.appends[place].presenceOf)
                hasCommitted = true
            case "blocked": result.appends[place] = .blocked(try row.decodeHolder(from: 3))
            case "pushed": result.pushes[conversation] = Int(try row.decode(2, as: Int32.self))
            default: break
            }
        }
        let presence = try report.rows(PostgresBatch.resultIndex(behindTransactionOf: 1, 0)).decodePresence()
        result.presence.merge(presence.filter { users.contains($0.key) }) { $1 }
    }

    private mutating func divide(after error: PostgresError) {
        guard let part = parts.popLast() else { return }
        if part.hasConfirmations {
            // Alone, these cannot fail the appends. If it is they that the server refuses, they stay false.
            guard !part.appends.isEmpty else { return }
            parts.append(Part(appends: part.appends, hasConfirmations: false))
            parts.append(Part(appends: 0..<0, hasConfirmations: true))
        } else if part.appends.count > 1 {
            let middle = part.appends.lowerBound + part.appends.count / 2
            parts.append(Part(appends: middle..<part.appends.upperBound, hasConfirmations: false))
            parts.append(Part(appends: part.appends.lowerBound..<middle, hasConfirmations: false))
        } else if let culprit = part.appends.first {
            result.appends[encoded[culprit].place] = .refused(reason: error.description)
        }
    }
}

/// An append with its body as it is stored.
struct EncodedAppend: Sendable {
    let append: LogAppend
    let body: [UInt8]
    /// Its place in the core's batch.
    let place: Int
}

extension PostgresRow {
    /// Five columns: conversation, caller, audio, video, accepted.
    fileprivate func decodeHolder(from column: Int) throws(PostgresDecodingError) -> PairHolder {
        PairHolder(
            conversation: try decodeConversation(column), caller: try decodeUser(column + 1),
            media: PairMedia(audio: try decode(column + 2), video: try decode(column + 3)),
            isAccepted: try decode(column + 4))
    }
}

extension SQLState {
    /// Class 54 are the server's limits, for example on the size of a value: no less the data's fault.
    fileprivate var isCausedByData: Bool { isDataError || classCode == "54" }
}

extension PostgresError {
    fileprivate var unavailability: String {
        sqlState == .lockNotAvailable ? "lock_timeout: \(description)" : description
    }
}
