import PostgresClient
import SwitchboardCore
import SwitchboardProtocol

extension PreparedStatement {
    fileprivate static let commitBatch = PreparedStatement(
        "commit_batch",
        """
        SELECT committed, committed_born, confirmed FROM commit_batch_v1(
            $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
        """)
}

extension PostgresStatement {
    /// One call for all appends and confirmations of a transaction, a column an array.
    static func commitBatch(
        _ encoded: ArraySlice<EncodedAppend>, confirming confirmations: [LogConfirmation]
    ) -> PostgresStatement {
        let appends = encoded.map(\.append)
        return PreparedStatement.commitBatch.bind(
            appends.map(\.conversation.uuid),
            appends.map { Int32(clamping: $0.index) },
            appends.map(\.id.incarnation.text),
            appends.map(\.id.storedCounter),
            appends.map(\.predecessor?.incarnation.text),
            appends.map(\.predecessor?.storedCounter),
            appends.map(\.born?.number),
            appends.map(\.isCheckpoint),
            encoded.map { PostgresBytes($0.body) },
            appends.map(\.row.caller.text),
            appends.map(\.row.callee?.text),
            appends.map(\.row.leader.text),
            appends.map { Int32(clamping: $0.row.epoch) },
            appends.map(\.row.isEnded),
            appends.map(\.row.deadline?.spanMilliseconds),
            confirmations.map(\.conversation.uuid),
            // One below the largest, for the function looks at the next index too.
            confirmations.map { min(Int32(clamping: $0.index), .max - 1) },
            confirmations.map(\.id.incarnation.text),
            confirmations.map(\.id.storedCounter),
            confirmations.map(\.born.number))
    }
}
