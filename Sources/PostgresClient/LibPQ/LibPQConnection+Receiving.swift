import CLibPQ

extension LibPQConnection {
    enum Answer: Equatable {
        /// Nothing complete has arrived.
        case nothing
        /// A command is answered; preceded by the notices that came with it.
        case answered([PostgresNotice], ServerAnswer)
        /// A synchronisation point, with the notices that came before it.
        case sync([PostgresNotice], TransactionStatus)
        /// libpq and we disagree about what was sent, or the connection broke.
        case failed(String)
    }

    /// Reads what has arrived, without waiting.
    ///
    /// - Returns: False if the connection broke; what arrived before can still be had from ``nextAnswer()``.
    func consumeInput() -> Bool { PQconsumeInput(connection) == 1 }

    /// Lets libpq look at what has arrived without being asked: notices, changed settings, the server's last words.
    func parseUnasked() { _ = PQisBusy(connection) }

    /// Why the connection broke: the server's last words if it had any, else libpq's.
    var lossReason: String {
        let last = notices.take().last { $0.severity == "FATAL" || $0.severity == "PANIC" }
        return last.map { "\($0.sqlState): \($0.message)" } ?? errorMessage
    }

    /// The next complete answer of what has arrived. To be called only while the server owes an answer.
    func nextAnswer() -> Answer {
        while PQisBusy(connection) == 0 {
            guard let result = PQgetResult(connection) else {
                // One nil ends the answer to each command; two in a row mean that libpq expects nothing any more.
                consecutiveGaps += 1
                guard consecutiveGaps < 2 else { return .failed(isBroken ? errorMessage : "libpq expects no answer") }
                continue
            }
            consecutiveGaps = 0
            defer { PQclear(result) }
            if PQresultStatus(result) == PGRES_PIPELINE_SYNC { return sync() }
            return answer(result)
        }
        return .nothing
    }

    private func sync() -> Answer {
        let status: TransactionStatus =
            switch PQtransactionStatus(connection) {
            case PQTRANS_INERROR: .inFailedTransaction
            case PQTRANS_INTRANS: .inTransaction
            case PQTRANS_IDLE: .idle
            default: .undetermined
            }
        // What follows is the answer to another command, without a nil in between.
        consecutiveGaps = 0
        return .sync(notices.take(), status)
    }

    private func answer(_ result: OpaquePointer) -> Answer {
        switch PQresultStatus(result) {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
            return .answered(notices.take(), .success(StatementOutput(result)))
        case PGRES_PIPELINE_ABORTED:
            return .answered(notices.take(), .skipped)
        case PGRES_FATAL_ERROR:
            // Errors that libpq makes itself, for example when the connection breaks, have no SQLSTATE.
            guard let error = PostgresError(result) else { return .failed(errorMessage) }
            return .answered(notices.take(), .error(error))
        default:
            // COPY, which cannot be pipelined.
            return .failed("a command was answered with a data stream, which cannot be pipelined")
        }
    }
}

extension StatementOutput {
    fileprivate init(_ result: OpaquePointer) {
        let tag = PQcmdStatus(result).map { String(cString: $0) } ?? ""
        let affected = PQcmdTuples(result).map { String(cString: $0) } ?? ""
        self.init(rows: PostgresRows(result), tag: tag, rowCount: Int(affected) ?? 0)
    }
}

extension PostgresRows {
    fileprivate init(_ result: OpaquePointer) {
        let columns = (0..<PQnfields(result)).map { column in
            PostgresColumn(
                name: PQfname(result, column).map { String(cString: $0) } ?? "",
                type: PostgresType(rawValue: PQftype(result, column)),
                format: PQfformat(result, column) == 1 ? .binary : .text)
        }
        guard !columns.isEmpty else {
            self = .none
            return
        }
        let rowCount = PQntuples(result)
        var size = 0
        var fields: [Field] = []
        fields.reserveCapacity(Int(rowCount) * columns.count)
        for row in 0..<rowCount {
            for column in 0..<Int32(columns.count) {
                let isNull = PQgetisnull(result, row, column) == 1
                let length = isNull ? -1 : Int(PQgetlength(result, row, column))
                fields.append(Field(offset: size, length: length))
                size += isNull ? 0 : length
            }
        }
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            for (index, field) in fields.enumerated() where field.length > 0 {
                let row = Int32(index / columns.count)
                let column = Int32(index % columns.count)
                guard let value = PQgetvalue(result, row, column) else { continue }
                let target = UnsafeMutableRawBufferPointer(
                    rebasing: UnsafeMutableRawBufferPointer(buffer)[field.offset..<field.offset + field.length])
                target.copyMemory(from: UnsafeRawBufferPointer(start: value, count: field.length))
            }
            count = size
        }
        self.init(columns: columns, rowCount: Int(rowCount), bytes: bytes, fields: fields)
    }
}
