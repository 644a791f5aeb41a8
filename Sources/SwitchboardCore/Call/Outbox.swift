import SwitchboardProtocol

/// What the log knows of one outbox of one device: which numbers were taken, and with what result.
struct Outbox: Sendable {
    /// How many sends are remembered by digest. A repeat that is older is answered as the same.
    static let remembered = 256

    struct Taken: Sendable {
        var digest: UInt64
        /// Error name; empty: the send had its effect.
        var refusal: String
    }

    /// Highest number taken; all below are taken too.
    private(set) var accepted: UInt32 = 0
    private(set) var recent: [Taken] = []

    init() {}

    init(accepted: UInt32, recent: [Taken]) {
        self.accepted = accepted
        self.recent = recent
    }

    mutating func take(digest: UInt64, refusal: String) {
        accepted += 1
        if recent.count >= 2 * Self.remembered {
            recent.removeFirst(Self.remembered)
        }
        recent.append(Taken(digest: digest, refusal: refusal))
    }

    /// What became of an earlier number; nil if it is forgotten.
    func result(of number: UInt32) -> Taken? {
        guard number >= 1, number <= accepted else { return nil }
        let back = Int(accepted - number)
        return back < recent.count ? recent[recent.count - 1 - back] : nil
    }
}

/// Names an outbox: ids are random, but only unique within their device.
struct OutboxKey: Hashable, Sendable {
    var address: DeviceAddress
    var outbox: OutboxID
}

/// Which outbox a device uses now, and with which of its connections it began.
struct CurrentOutbox: Sendable {
    var outbox: OutboxID
    var connection: UInt32
}
