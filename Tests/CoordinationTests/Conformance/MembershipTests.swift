import SwitchboardCore
import SwitchboardProtocol
import Testing

@Suite("Coordinator conformance: members (in process, and a real ZooKeeper)", .timeLimit(.minutes(2)))
struct MembershipTests {
    @Test(
        "A node hears the members, itself among them, before it hears that it is available",
        arguments: CoordinatorKind.allCases)
    func start(_ kind: CoordinatorKind) async throws {
        try await kind.withNodes(1) { cluster in
            let node = cluster[0]
            #expect(node.inbox.memberLists == [[node.incarnation: node.member]])
            #expect(node.inbox.availabilities == [true])
            guard case .membersChanged? = node.inbox.events.first else {
                Issue.record("the first event is \(String(describing: node.inbox.events.first))")
                return
            }
        }
    }

    @Test(
        "Members come and go, and all hear of it, with all that a member tells of itself",
        arguments: CoordinatorKind.allCases)
    func joinAndLeave(_ kind: CoordinatorKind) async throws {
        try await kind.withNodes(2) { cluster in
            let (a, b) = (cluster[0], cluster[1])
            let c = try await cluster.join(2)
            for node in cluster.nodes {
                try await node.waitForMembers(["n0.1", "n1.1", "n2.1"])
                #expect(
                    node.inbox.memberLists.last == [
                        a.incarnation: a.member, b.incarnation: b.member, c.incarnation: c.member,
                    ])
            }
            await b.close()
            try await a.waitForMembers(["n0.1", "n2.1"])
            try await c.waitForMembers(["n0.1", "n2.1"])
            let again = try await cluster.join(1, named: "n1.2")
            for node in [a, c, again] { try await node.waitForMembers(["n0.1", "n1.2", "n2.1"]) }
        }
    }

    @Test("Markers belong to their node, are seen by all, and go with it", arguments: CoordinatorKind.allCases)
    func markers(_ kind: CoordinatorKind) async throws {
        try await kind.withNodes(2) { cluster in
            let (a, b) = (cluster[0], cluster[1])
            func waitForMarkers(_ markers: Set<NodeMarker>) async throws {
                for node in [a, b] {
                    try await node.inbox.wait(until: "\(node.incarnation) sees \(markers)") {
                        $0.memberLists.last?[a.incarnation]?.markers == markers
                    }
                }
            }
            #expect(try await a.perform(.mark(.draining, true)) == .done)
            try await waitForMarkers([.draining])
            #expect(try await a.perform(.mark(.draining, true)) == .done)
            #expect(try await a.perform(.mark(.noStore, true)) == .done)
            try await waitForMarkers([.draining, .noStore])
            #expect(try await a.perform(.mark(.draining, false)) == .done)
            try await waitForMarkers([.noStore])
            #expect(try await a.perform(.mark(.draining, false)) == .done)
            #expect(b.inbox.memberLists.last?[b.incarnation]?.markers == [])
            #expect(b.inbox.memberLists.allSatisfy { Set($0.keys).isSubset(of: [a.incarnation, b.incarnation]) })
            await a.close()
            try await b.waitForMembers([b.incarnation.text])
            #expect(b.inbox.memberLists.last == [b.incarnation: b.member])
        }
    }

    @Test("The last of many marks counts, however fast they come", arguments: CoordinatorKind.allCases)
    func markersInHaste(_ kind: CoordinatorKind) async throws {
        try await kind.withNodes(2) { cluster in
            let (a, b) = (cluster[0], cluster[1])
            for round in 0..<20 { a.submit(.mark(.noStore, round.isMultiple(of: 2))) }
            let last = a.submit(.mark(.draining, true))
            #expect(try await a.result(of: last) == .done)
            try await b.inbox.wait(until: "only draining is seen") {
                $0.memberLists.last?[a.incarnation]?.markers == [.draining]
            }
        }
    }
}
