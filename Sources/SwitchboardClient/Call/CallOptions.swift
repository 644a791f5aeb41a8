/// What an application may choose about its calls.
public struct CallOptions: Sendable {
    /// False: another call rings while there is one, and the application decides. True: its caller is told `busy` at once.
    /// A call of the peer of the present call always rings: it is about to replace it.
    public var busyWhenInCall = false
    /// Whether calls of before the application was started anew go on, on new peer connections. False: they are ended.
    public var resumesCalls = true
    public var recovery = RecoveryTimes()

    public init() {}
}
