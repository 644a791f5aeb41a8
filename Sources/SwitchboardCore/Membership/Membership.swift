import SwitchboardProtocol

/// Who is there, as the coordinator says, and who can be reached, as the links say.
struct Membership: Sendable {
    let incarnation: Incarnation
    private(set) var members: [Incarnation: NodeMember] = [:]
    private(set) var linked: Set<Incarnation> = []
    /// Their process is gone for certain, though the coordinator may not have noticed yet.
    private(set) var gone: Set<Incarnation> = []
    private(set) var isKnown = false

    init(incarnation: Incarnation) {
        self.incarnation = incarnation
    }

    /// Returns who has left or may be claimed from since the last time.
    mutating func changed(to current: [Incarnation: NodeMember]) -> Set<Incarnation> {
        let lost = members.keys.filter { key in
            guard let member = current[key] else { return true }
            return !member.markers.isEmpty
        }
        members = current
        gone.formIntersection(current.keys)
        isKnown = true
        return Set(lost).subtracting([incarnation])
    }

    mutating func linkUp(_ peer: Incarnation) {
        linked.insert(peer)
        gone.remove(peer)
    }

    mutating func linkDown(_ peer: Incarnation, isGone: Bool) {
        linked.remove(peer)
        if isGone { gone.insert(peer) }
    }

    mutating func probed(_ peer: Incarnation, isGone: Bool) {
        if isGone { gone.insert(peer) }
    }

    /// The other nodes, to hold links to.
    var peers: [Incarnation: PeerAddress] {
        members.filter { $0.key != incarnation }.mapValues(\.address)
    }

    /// A leader whose conversations others may claim: not registered, or saying itself that it cannot lead.
    func isClaimable(_ leader: Incarnation) -> Bool {
        guard isKnown, leader != incarnation else { return false }
        guard let member = members[leader] else { return true }
        return !member.markers.isEmpty
    }

    /// The process of a registered leader has ended, and this node is not the one that is cut off: with itself it sees a
    /// majority of the registered nodes.
    func mayClaimAtOnce(from leader: Incarnation) -> Bool {
        guard gone.contains(leader) else { return false }
        let reachable = linked.intersection(members.keys).count + 1
        return reachable * 2 > members.count
    }

    /// Presence rows of an incarnation that is neither registered nor linked are ignored.
    func isPresent(_ front: Incarnation) -> Bool {
        front == incarnation || members[front] != nil || linked.contains(front)
    }

    /// This node's place among the registered ones, for work that is shared by slices.
    var rank: (place: Int, of: Int) {
        let sorted = members.keys.sorted()
        return (sorted.firstIndex(of: incarnation) ?? 0, max(sorted.count, 1))
    }

    var living: [Incarnation] {
        var alive = Set(members.keys)
        alive.insert(incarnation)
        return alive.filter { $0 == incarnation || !isClaimable($0) }.sorted()
    }
}
