/// Bounds of one call. All of them are configuration; the defaults suit people who call each other.
public struct CallLimits: Sendable {
    /// How long it rings unless the invite says less.
    public var ringTimeout: Duration = .seconds(60)
    /// Pickup to media.
    public var connectTimeout: Duration = .seconds(30)
    /// Devices of the callee that take part.
    public var maximumLegs = 32
    /// Messages held before pickup, of all devices together.
    public var maximumHeldItems = 1024
    /// Deliveries to one device that it has not acknowledged; beyond it senders are told to wait.
    public var maximumPendingDeliveries = 4096
    /// Their bytes, roughly.
    public var maximumPendingBytes = 8 << 20
    /// Entries of the log after which a folded state is written into it.
    public var checkpointInterval: UInt32 = 200
    /// Entries of one log; beyond it the call takes nothing but its end.
    public var maximumEntries: UInt32 = 100_000

    public init() {}
}
