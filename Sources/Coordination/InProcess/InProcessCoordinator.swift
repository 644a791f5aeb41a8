import Dispatch
public import SwitchboardCore
public import SwitchboardProtocol

/// The coordinator of a single node: elections within the process, nothing installed.
///
/// Several coordinators that share a registry behave like nodes of one cluster, which tests make use of. Whoever shares no
/// registry is alone, wins every election and is always available.
public final class InProcessCoordinator: Coordinator {
    private let incarnation: Incarnation
    private let registry: InProcessRegistry
    private let events: CoordinatorEventHandler
    /// Events are told here, so never from within ``submit(_:id:)``.
    private let queue: DispatchQueue

    /// Registers the node; the members and availability are told at once.
    ///
    /// - Parameters:
    ///   - incarnation: This start of the process.
    ///   - member: What other nodes are to know of it.
    ///   - registry: What it shares with other coordinators of the process.
    ///   - events: Hears everything in one order.
    /// - Throws: ``CoordinationError/alreadyRegistered(_:)``.
    public init(
        incarnation: Incarnation, member: NodeMember, registry: InProcessRegistry = InProcessRegistry(),
        events: @escaping CoordinatorEventHandler
    ) throws(CoordinationError) {
        let queue = DispatchQueue(label: "switchboard.coordinator.in-process")
        // First of all: a coordinator that is not made must not take the other one's registration along.
        try registry.register(incarnation, member) { event in queue.async { events(event) } }
        self.incarnation = incarnation
        self.registry = registry
        self.events = events
        self.queue = queue
    }

    /// A coordinator that nobody holds any more is no member.
    deinit {
        registry.unregister(incarnation)
    }

    public func submit(_ command: CoordinatorCommand, id: CoordinatorRequestID) {
        if registry.execute(command, of: incarnation, id: id) { return }
        queue.async { [events] in events(.completed(id, .unavailable(reason: "the coordinator is closed"))) }
    }

    /// Takes the node out of the members. Returns when everything before has been told; later commands are `.unavailable`.
    public func close() async {
        registry.unregister(incarnation)
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume() }
        }
    }
}
