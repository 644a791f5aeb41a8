/// Bounds of one call. All of them are configuration; the defaults suit people who call each other.
public struct CallLimits: Sendable {
    /// How long it rings unless the invite says less.
    public var ringTimeout: Duration = .seconds(60)
    /// Pickup to media.
    public var connectTimeout: Duration = .seconds(30)
    /// From the invite on, if no device of the callee is there and no provider has taken a push.
    public var reachTimeout: Duration = .seconds(20)
    /// How long a caller's device may be away while it rings.
    public var callerLostTimeout: Duration = .seconds(20)
    /// How long both selected devices may be away.
    public var signalLostTimeout: Duration = .seconds(600)
    /// From a device's `handover` until both ends of its connection say that media flow.
    public var handoverTimeout: Duration = .seconds(30)
    /// Devices that are told that a call goes on elsewhere.
    public var maximumWatchers = 64
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
