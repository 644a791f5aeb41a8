/// What we give to C as the `void *` of a request: numbers, not an address.
///
/// C's completions get nothing else, so the token names the session too. Nothing is retained by it: a completion that never
/// comes (some are lost when a handle is closed) leaks nothing, one that comes too late finds nobody.
struct RequestToken: Equatable {
    /// 40 bits: at 10,000 requests a second they last for three years, and then begin anew.
    static let serialMask: UInt64 = 1 << 40 - 1

    let session: SessionNumber
    let serial: UInt64

    init(session: SessionNumber, serial: UInt64) {
        self.session = session
        self.serial = serial & Self.serialMask
    }

    init?(_ pointer: UnsafeRawPointer?) {
        let bits = UInt64(UInt(bitPattern: pointer))
        guard let session = SessionNumber(rawValue: UInt32(truncatingIfNeeded: bits >> 40)) else { return nil }
        self.init(session: session, serial: bits)
    }

    var pointer: UnsafeRawPointer? {
        UnsafeRawPointer(bitPattern: UInt(UInt64(session.rawValue) << 40 | serial))
    }
}

/// Names a session within this process: 24 bits, never zero, so that a token is never a null pointer.
struct SessionNumber: Hashable {
    static let maximum: UInt32 = 1 << 24 - 1

    let rawValue: UInt32

    init?(rawValue: UInt32) {
        guard (1...Self.maximum).contains(rawValue) else { return nil }
        self.rawValue = rawValue
    }

    /// The context of a watcher.
    init?(_ pointer: UnsafeRawPointer?) {
        self.init(rawValue: UInt32(truncatingIfNeeded: UInt(bitPattern: pointer)))
    }

    var pointer: UnsafeMutableRawPointer? {
        UnsafeMutableRawPointer(bitPattern: UInt(rawValue))
    }

    /// The number after this one; the first again after the last.
    var next: SessionNumber {
        SessionNumber(rawValue: rawValue + 1) ?? .first
    }

    static let first = SessionNumber(unchecked: 1)

    private init(unchecked rawValue: UInt32) {
        self.rawValue = rawValue
    }
}
