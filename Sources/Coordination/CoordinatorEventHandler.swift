public import SwitchboardCore

/// Takes a coordinator's events, one after the other on a queue of the adapter's: it must not block, and hands over to whoever
/// waits for them. It may submit commands.
public typealias CoordinatorEventHandler = @Sendable (CoordinatorEvent) -> Void
