import PostgresClient
import SwitchboardCore
import SwitchboardProtocol

extension PreparedStatement {
    fileprivate static let commitBatch: PreparedStatement = {
        let parameters = (1...39).map { "$\($0)" }.joined(separator: ", ")
        return PreparedStatement(
            "commit_batch_v2",
            """
            SELECT outcome, subject, amount, holder, holder_caller, holder_audio, holder_video, holder_accepted
            FROM commit_batch_v2(\(parameters))
            """)
    }()
}

extension PostgresStatement {
    /// One call for all appends and confirmations of a transaction, a column an array.
    static func commitBatch(
        _ encoded: ArraySlice<EncodedAppend>, confirming confirmations: [LogConfirmation]
    ) -> PostgresStatement {
        var parameters = PostgresParameters()
        parameters.append(appends: encoded)
        parameters.append(confirmations: confirmations)
        let appends = encoded.map(\.append)
        parameters.append(pairsOf: appends.filter { $0.pair != nil })
        parameters.append(pushesOf: appends.filter { $0.push != nil })
        parameters.append(commandsOf: appends.filter { $0.command != nil })
        return PostgresStatement(.commitBatch, parameters)
    }
}

extension PostgresParameters {
    fileprivate mutating func append(appends encoded: ArraySlice<EncodedAppend>) {
        let appends = encoded.map(\.append)
        append(appends.map(\.conversation.uuid))
        append(appends.map { Int32(clamping: $0.index) })
        append(appends.map(\.id.incarnation.text))
        append(appends.map(\.id.storedCounter))
        append(appends.map(\.predecessor?.incarnation.text))
        append(appends.map(\.predecessor?.storedCounter))
        append(appends.map(\.born?.number))
        append(appends.map(\.isCheckpoint))
        append(encoded.map { PostgresBytes($0.body) })
        append(appends.map(\.row.caller.text))
        append(appends.map(\.row.callee?.text))
        append(appends.map(\.row.leader.text))
        append(appends.map { Int32(clamping: $0.row.epoch) })
        append(appends.map(\.row.isEnded))
        append(appends.map(\.row.deadline?.spanMilliseconds))
    }

    fileprivate mutating func append(confirmations: [LogConfirmation]) {
        append(confirmations.map(\.conversation.uuid))
        // One below the largest, for the function looks at the next index too.
        append(confirmations.map { min(Int32(clamping: $0.index), .max - 1) })
        append(confirmations.map(\.id.incarnation.text))
        append(confirmations.map(\.id.storedCounter))
        append(confirmations.map(\.born.number))
    }

    /// Sorted by pair, so that batches of different nodes lock in one order.
    fileprivate mutating func append(pairsOf appends: [LogAppend]) {
        let steps = appends.compactMap { append in append.pair.map { (append: append, step: $0) } }
            .sorted { $0.step.key.precedesInStore($1.step.key) }
        append(steps.map(\.step.storedName))
        append(steps.map(\.append.conversation.uuid))
        append(steps.map(\.step.key.low.text))
        append(steps.map(\.step.key.high.text))
        append(steps.map(\.step.replaced?.uuid))
        append(steps.map(\.append.row.caller.text))
        append(steps.map { $0.step.media?.audio ?? false })
        append(steps.map { $0.step.media?.video ?? false })
    }

    fileprivate mutating func append(pushesOf appends: [LogAppend]) {
        let rows = appends.compactMap { append in append.push.map { StoredPushStep($0, of: append.conversation) } }
        append(rows.map(\.name))
        append(rows.map(\.conversation.uuid))
        append(rows.map(\.user?.text))
        append(rows.map(\.caller?.text))
        append(rows.map(\.media?.audio))
        append(rows.map(\.media?.video))
        append(rows.map(\.reason?.rawValue))
        append(rows.map(\.lifetime?.spanMilliseconds))
    }

    fileprivate mutating func append(commandsOf appends: [LogAppend]) {
        let rows = appends.compactMap { append in append.command.map { (append: append, command: $0) } }
        append(rows.map(\.append.conversation.uuid))
        append(rows.map(\.command.conversation.uuid))
        append(rows.map(\.command.reason.rawValue))
    }
}

/// A push step as the columns of its row.
private struct StoredPushStep {
    let conversation: ConversationID
    let name: String
    var user: UserID?
    var caller: UserID?
    var media: PairMedia?
    var reason: EndReason?
    var lifetime: Duration?

    init(_ step: PushStep, of conversation: ConversationID) {
        self.conversation = conversation
        switch step {
        case .invite(let user, let caller, let media, let lifetime):
            name = "invite"
            self.user = user
            self.caller = caller
            self.media = media
            self.lifetime = lifetime
        case .cancel(let reason):
            name = "cancel"
            self.reason = reason
        }
    }
}
