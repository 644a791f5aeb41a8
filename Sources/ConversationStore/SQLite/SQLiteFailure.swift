import GRDB
import SwitchboardCore

/// What an error of SQLite, or of decoding, means to the core.
struct SQLiteFailure {
    let reason: String
    /// The data is at fault and will be refused again; otherwise the file or the disk is.
    let isDataError: Bool

    init(_ error: any Error) {
        switch error {
        case let error as DataRefusal:
            reason = error.reason
            isDataError = true
        case let error as DatabaseError:
            reason = error.shortReason
            isDataError =
                switch error.resultCode {
                case .SQLITE_CONSTRAINT, .SQLITE_MISMATCH, .SQLITE_TOOBIG: true
                default: false
                }
        default:
            reason = "\(error)"
            isDataError = false
        }
    }

    var asResult: StoreResult { isDataError ? .refused(reason: reason) : .unavailable(reason: reason) }
}

extension DatabaseError {
    /// Without the statement and its arguments: these are users' data, and do not belong in a log.
    var shortReason: String { "SQLite error \(extendedResultCode.rawValue): \(message ?? "unknown")" }
}
