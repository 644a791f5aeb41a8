import CLibPQ

/// Keeps the notices that libpq reports by a callback until the result comes that they belong to.
///
/// libpq calls from within `PQisBusy`, `PQgetResult` and `PQconnectPoll`, on the thread that called these: so there is one
/// thread, and no lock. Without a receiver libpq prints notices to standard error.
final class NoticeCollector {
    /// More than this between two results are dropped.
    private static let limit = 64

    private var notices: [PostgresNotice] = []

    /// Registers with a connection, which must be released before the collector is.
    func attach(to connection: OpaquePointer) {
        PQsetNoticeReceiver(connection, receiveNotice, Unmanaged.passUnretained(self).toOpaque())
    }

    func received(_ notice: PostgresNotice) {
        if notices.count < Self.limit { notices.append(notice) }
    }

    /// What has come since the last time.
    func take() -> [PostgresNotice] {
        guard !notices.isEmpty else { return [] }
        defer { notices = [] }
        return notices
    }
}

/// The result belongs to libpq and is released after the call.
private func receiveNotice(context: UnsafeMutableRawPointer?, result: OpaquePointer?) {
    guard let context, let notice = PostgresNotice(result) else { return }
    Unmanaged<NoticeCollector>.fromOpaque(context).takeUnretainedValue().received(notice)
}
