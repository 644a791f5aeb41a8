import SwitchboardCore
import SwitchboardProtocol
import Synchronization

/// What the coordinators of one process have in common: the registered nodes, and who leads which conversation.
///
/// It lives as long as somebody holds it, and is kept nowhere: the log in the store outlives it and is what counts.
public final class InProcessRegistry: Sendable {
    /// The leader of a conversation, with the version that counts its changes.
    private struct Leadership {
        var leader: Incarnation
        var version: Int32
    }

    /// A registered coordinator.
    private struct Registration {
        var member: NodeMember
        let tell: @Sendable (CoordinatorEvent) -> Void
    }

    private struct State {
        var registrations: [Incarnation: Registration] = [:]
        var leaderships: [ConversationID: Leadership] = [:]
    }

    private let state = Mutex(State())

    /// An empty registry.
    public init() {}

    /// Registers a node and tells everybody, the node itself included. `tell` is called under the registry's lock, so that
    /// all hear of changes in the same order: it must only enqueue.
    func register(
        _ incarnation: Incarnation, _ member: NodeMember, tell: @escaping @Sendable (CoordinatorEvent) -> Void
    ) throws(CoordinationError) {
        try state.withLock { state throws(CoordinationError) in
            guard state.registrations[incarnation] == nil else { throw .alreadyRegistered(incarnation) }
            state.registrations[incarnation] = Registration(member: member, tell: tell)
            Self.tellMembers(state)
            tell(.availability(true))
        }
    }

    /// Takes a node away; what it leads stays and can be claimed.
    func unregister(_ incarnation: Incarnation) {
        let removed = state.withLock { state -> Registration? in
            guard let registration = state.registrations.removeValue(forKey: incarnation) else { return nil }
            registration.tell(.availability(false))
            Self.tellMembers(state)
            return registration
        }
        // What its handler holds may hold another coordinator, whose end needs the lock.
        _ = consume removed
    }

    /// Carries out a command and tells the node, all in one step; false if the node is not registered (any more).
    func execute(_ command: CoordinatorCommand, of incarnation: Incarnation, id: CoordinatorRequestID) -> Bool {
        state.withLock { state in
            guard let registration = state.registrations[incarnation] else { return false }
            if case .mark(let marker, let isSet) = command {
                let before = registration.member.markers
                if isSet {
                    state.registrations[incarnation]?.member.markers.insert(marker)
                } else {
                    state.registrations[incarnation]?.member.markers.remove(marker)
                }
                registration.tell(.completed(id, .done))
                if state.registrations[incarnation]?.member.markers != before { Self.tellMembers(state) }
            } else {
                registration.tell(.completed(id, Self.elect(command, &state.leaderships)))
            }
            return true
        }
    }

    private static func tellMembers(_ state: State) {
        let members = state.registrations.mapValues(\.member)
        for registration in state.registrations.values { registration.tell(.membersChanged(members)) }
    }

    private static func elect(
        _ command: CoordinatorCommand, _ leaderships: inout [ConversationID: Leadership]
    ) -> CoordinatorResult {
        switch command {
        case .create(let conversation, let leader):
            if let found = leaderships[conversation] { return .leads(found.leader, version: found.version) }
            leaderships[conversation] = Leadership(leader: leader, version: 0)
            return .won(version: 0)
        case .read(let conversation, _):
            guard let found = leaderships[conversation] else { return .absent }
            return .leads(found.leader, version: found.version)
        case .claim(let conversation, let leader, let version):
            guard let found = leaderships[conversation] else { return .absent }
            guard found.version == version else { return .leads(found.leader, version: found.version) }
            leaderships[conversation] = Leadership(leader: leader, version: version &+ 1)
            return .won(version: version &+ 1)
        case .delete(let claims):
            for claim in claims where leaderships[claim.conversation]?.version == claim.version {
                leaderships[claim.conversation] = nil
            }
            return .done
        case .mark:
            return .done
        }
    }
}
