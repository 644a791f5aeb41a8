import DequeModule
import SwitchboardCore
import SwitchboardProtocol

/// A push that this node has taken, with the times by which something must have become of it.
struct HeldPush: Sendable, Equatable {
    var push: ClaimedPush
    /// When it is good for nothing any more.
    var expires: Moment
    /// When others may take it.
    var leaseEnd: Moment

    /// Whom it is for, within its call. A cancel must not overtake its invite.
    var order: Order { Order(conversation: push.conversation, endpoint: push.endpoint.id) }

    struct Order: Hashable, Sendable {
        var conversation: ConversationID
        var endpoint: PushEndpointID
    }
}

/// The pushes of one provider: those under way, and those that wait for a place. A provider that hangs fills its own lane only.
struct ProviderLane: Sendable {
    private let limits: PushDispatcherLimits
    private var waiting = Deque<HeldPush>()
    private var sending: [Int64: HeldPush] = [:]
    private var busy: Set<HeldPush.Order> = []

    init(_ limits: PushDispatcherLimits) {
        self.limits = limits
    }

    var count: Int { waiting.count + sending.count }
    var isFull: Bool { count >= limits.sendingPerProvider + limits.waitingPerProvider }

    mutating func add(_ push: HeldPush) { waiting.append(push) }

    /// The next one that may be sent, now under way; nil: none, or no place.
    mutating func next() -> HeldPush? {
        guard sending.count < limits.sendingPerProvider,
            let index = waiting.firstIndex(where: { !busy.contains($0.order) })
        else { return nil }
        let push = waiting.remove(at: index)
        sending[push.push.number] = push
        busy.insert(push.order)
        return push
    }

    /// nil: not under way.
    mutating func finished(_ number: Int64) -> HeldPush? {
        guard let push = sending.removeValue(forKey: number) else { return nil }
        busy.remove(push.order)
        return push
    }

    /// Something for the same endpoint about the same call waits.
    func isWaiting(_ order: HeldPush.Order) -> Bool { waiting.contains { $0.order == order } }

    /// Takes out all that wait.
    mutating func release() -> [HeldPush] {
        defer { waiting = [] }
        return Array(waiting)
    }
}
