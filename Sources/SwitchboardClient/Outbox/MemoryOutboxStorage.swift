/// An outbox that lives as long as its session: reconnects lose nothing, the end of the process loses what was not
/// accepted. A device that uses it should draw a new device id at each start.
public struct MemoryOutboxStorage: OutboxStorage {
    public init() {}

    public func load() -> OutboxRecord { .fresh() }

    public func record(_ change: OutboxChange) {}
}
