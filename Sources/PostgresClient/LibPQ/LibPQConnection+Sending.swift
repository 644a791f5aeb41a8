import CLibPQ

extension LibPQConnection {
    enum FlushResult: Equatable {
        case done
        /// The socket is full: read what comes, and flush again when it can be written. Reading matters: a server that is
        /// stuck in writing answers reads no commands, and both sides would wait for ever.
        case pending
        case failed
    }

    /// Puts a command into libpq's buffer, from where part of it may reach the socket at once.
    ///
    /// - Returns: False if libpq refuses it; the connection is of no use then.
    func send(_ command: PipelineCommand) -> Bool {
        switch command {
        case .sync:
            PQpipelineSync(connection) == 1
        case .prepare(let name, let sql, let types):
            PQsendPrepare(connection, name, sql, Int32(types.count), types.map(\.rawValue)) == 1
        case .execute(let statement, let name):
            execute(statement, name: name)
        }
    }

    func flush() -> FlushResult {
        switch PQflush(connection) {
        case 0: .done
        case 1: .pending
        default: .failed
        }
    }

    private func execute(_ statement: PostgresStatement, name: String?) -> Bool {
        let parameters = statement.parameters
        let count = Int32(parameters.count)
        let format = statement.resultFormat.rawValue
        return parameters.bytes.withUnsafeBytes { bytes in
            let values = parameters.entries.map { bytes.valuePointer($0) }
            let lengths = parameters.entries.map { Int32(clamping: $0.length ?? 0) }
            let formats = parameters.entries.map(\.format.rawValue)
            if let name {
                return PQsendQueryPrepared(connection, name, count, values, lengths, formats, format) == 1
            }
            let types = parameters.types.map(\.rawValue)
            return PQsendQueryParams(connection, statement.sql, count, types, values, lengths, formats, format) == 1
        }
    }
}

extension UnsafeRawBufferPointer {
    /// Where a parameter's value lies; nil, which is NULL to libpq, only for NULL.
    fileprivate func valuePointer(_ entry: PostgresParameters.Entry) -> UnsafePointer<CChar>? {
        guard entry.length != nil else { return nil }
        // The buffer has no address if all values are empty.
        guard let baseAddress else { return UnsafePointer(emptyValue) }
        return (baseAddress + entry.offset).assumingMemoryBound(to: CChar.self)
    }
}

/// What an empty value points to: never read, never released, the same for the whole process.
nonisolated(unsafe) private let emptyValue: UnsafePointer<CChar> = {
    let pointer = UnsafeMutablePointer<CChar>.allocate(capacity: 1)
    pointer.initialize(to: 0)
    return UnsafePointer(pointer)
}()
