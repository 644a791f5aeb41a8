public import SwitchboardCore

/// Takes a store's events, on the adapter's threads: it must not block, and hands over to whoever waits for them.
public typealias StoreEventHandler = @Sendable (StoreEvent) -> Void
