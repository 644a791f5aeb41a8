import SwitchboardCore
import SwitchboardProtocol

/// The children of `/nodes` as last listed, with what is known of each.
struct MemberTable: Sendable {
    private var names: Set<String> = []
    /// What was read of each node; `nil` for one that cannot be understood. It is read once, for a node's data never changes:
    /// what changes is told by markers.
    private var records: [String: NodeMember?] = [:]

    /// A new list. Returns the names whose data must be read to understand it, sorted.
    mutating func listed(_ children: [String]) -> [String] {
        names = Set(children)
        records = records.filter { names.contains($0.key) }
        return children.filter { records[$0] == nil && NodeTree.marker(in: $0) == nil }.sorted()
    }

    /// The data of one of them; false if it cannot be understood.
    mutating func read(_ name: String, _ bytes: [UInt8]) -> Bool {
        guard names.contains(name) else { return true }
        let member = Incarnation(name) == nil ? nil : MemberRecord.decode(bytes)?.member
        records[name] = .some(member)
        return member != nil
    }

    /// It was gone before it could be read.
    mutating func vanished(_ name: String) {
        names.remove(name)
        records[name] = nil
    }

    func contains(_ name: String) -> Bool { names.contains(name) }

    /// All nodes that can be understood, with their markers.
    var members: [Incarnation: NodeMember] {
        var members: [Incarnation: NodeMember] = [:]
        for (name, record) in records {
            guard var member = record, let incarnation = Incarnation(name) else { continue }
            member.markers = Set(
                NodeMarker.allCases.filter { names.contains(NodeTree.name(of: $0, beside: incarnation)) })
            members[incarnation] = member
        }
        return members
    }
}
