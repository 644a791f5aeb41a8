import CLibPQ

/// Codes of the fields of errors and notices (`PG_DIAG_…` in `postgres_ext.h`, which are macros of characters).
private enum DiagnosticField: UInt8 {
    case severity = 0x56  // V, not localised
    case sqlState = 0x43  // C
    case message = 0x4d  // M
    case detail = 0x44  // D
    case hint = 0x48  // H
    case constraint = 0x6e  // n
    case sourceFunction = 0x52  // R
}

private func field(_ field: DiagnosticField, of result: OpaquePointer?) -> String? {
    PQresultErrorField(result, Int32(field.rawValue)).map { String(cString: $0) }
}

extension PostgresError {
    /// The server's error; nil if libpq made it.
    init?(_ result: OpaquePointer) {
        guard let sqlState = field(.sqlState, of: result) else { return nil }
        self.init(
            sqlState: SQLState(rawValue: sqlState), severity: field(.severity, of: result) ?? "ERROR",
            message: field(.message, of: result) ?? "", detail: field(.detail, of: result),
            hint: field(.hint, of: result), constraint: field(.constraint, of: result))
    }
}

extension PostgresNotice {
    /// The server's notice; nil if libpq made it.
    init?(_ result: OpaquePointer?) {
        guard let sqlState = field(.sqlState, of: result) else { return nil }
        self.init(
            sqlState: SQLState(rawValue: sqlState), severity: field(.severity, of: result) ?? "NOTICE",
            message: field(.message, of: result) ?? "", sourceFunction: field(.sourceFunction, of: result))
    }
}
