/// The requests that wait for an answer.
///
/// Each is entered before the library sees it and removed by whoever answers it first: its completion, the end of the session,
/// or closing. Since only the one that removes an entry may answer it, every request is answered exactly once.
struct PendingRequests<Recipient> {
    private let limit: Int
    private var recipients: [UInt64: Recipient] = [:]
    private var lastSerial: UInt64 = 0

    init(limit: Int) {
        self.limit = limit
    }

    var count: Int { recipients.count }

    /// Enters a request and returns its serial number; `nil` if the table is full.
    mutating func insert(_ recipient: Recipient) -> UInt64? {
        guard recipients.count < limit else { return nil }
        repeat {
            lastSerial = (lastSerial + 1) & RequestToken.serialMask
        } while recipients[lastSerial] != nil
        recipients[lastSerial] = recipient
        return lastSerial
    }

    /// Removes a request; `nil` if it has been answered before.
    mutating func remove(_ serial: UInt64) -> Recipient? {
        recipients.removeValue(forKey: serial)
    }

    /// Removes all, in the order in which they were entered.
    mutating func removeAll() -> [Recipient] {
        defer { recipients = [:] }
        return recipients.sorted { $0.key < $1.key }.map(\.value)
    }
}
