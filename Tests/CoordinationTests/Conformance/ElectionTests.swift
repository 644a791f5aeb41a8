import SwitchboardCore
import SwitchboardProtocol
import Testing

@Suite("Coordinator conformance: elections (in process, and a real ZooKeeper)", .timeLimit(.minutes(2)))
struct ElectionTests {
    @Test("Of many creators one wins each conversation, and the others hear who", arguments: CoordinatorKind.allCases)
    func raceOfCreators(_ kind: CoordinatorKind) async throws {
        try await kind.withNodes(4) { cluster in
            let conversations = (1...50).map(ConversationID.sample)
            let nodes = cluster.nodes
            let asked = conversations.map { conversation in
                nodes.map { ($0, $0.submit(.create(conversation, leader: $0.incarnation))) }
            }
            for (conversation, requests) in zip(conversations, asked) {
                var winners: [Incarnation] = []
                var heard: Set<Incarnation> = []
                for (node, id) in requests {
                    switch try await node.result(of: id) {
                    case .won(version: 0): winners.append(node.incarnation)
                    case .leads(let leader, version: 0): heard.insert(leader)
                    case let other: Issue.record("unexpected \(other)")
                    }
                }
                #expect(winners.count == 1)
                #expect(heard == Set(winners), "\(conversation)")
            }
        }
    }

    @Test("What was created is read by all: behind a sync at once", arguments: CoordinatorKind.allCases)
    func read(_ kind: CoordinatorKind) async throws {
        try await kind.withNodes(2) { cluster in
            let (a, b) = (cluster[0], cluster[1])
            for sync in [true, false] {
                let before = try await b.perform(.read(.sample(1), sync: sync))
                #expect(before == .absent)
            }
            #expect(try await a.perform(.create(.sample(1), leader: a.incarnation)) == .won(version: 0))
            #expect(try await b.perform(.read(.sample(1), sync: true)) == .leads(a.incarnation, version: 0))
            #expect(try await a.perform(.read(.sample(1), sync: false)) == .leads(a.incarnation, version: 0))
        }
    }

    @Test("Creating again what is one's own is no second victory", arguments: CoordinatorKind.allCases)
    func createTwice(_ kind: CoordinatorKind) async throws {
        try await kind.withNodes(1) { cluster in
            let node = cluster[0]
            #expect(try await node.perform(.create(.sample(1), leader: node.incarnation)) == .won(version: 0))
            let again = try await node.perform(.create(.sample(1), leader: node.incarnation))
            #expect(again == .leads(node.incarnation, version: 0))
        }
    }

    @Test(
        "A claim needs the version that was read; whoever comes late hears who leads",
        arguments: CoordinatorKind.allCases)
    func claim(_ kind: CoordinatorKind) async throws {
        try await kind.withNodes(3) { cluster in
            let (a, b, c) = (cluster[0], cluster[1], cluster[2])
            #expect(try await b.perform(.claim(.sample(1), leader: b.incarnation, version: 0)) == .absent)
            _ = try await a.perform(.create(.sample(1), leader: a.incarnation))
            #expect(try await b.perform(.claim(.sample(1), leader: b.incarnation, version: 0)) == .won(version: 1))
            let late = try await c.perform(.claim(.sample(1), leader: c.incarnation, version: 0))
            #expect(late == .leads(b.incarnation, version: 1))
            let early = try await c.perform(.claim(.sample(1), leader: c.incarnation, version: 2))
            #expect(early == .leads(b.incarnation, version: 1))
            #expect(try await c.perform(.claim(.sample(1), leader: c.incarnation, version: 1)) == .won(version: 2))
            #expect(try await a.perform(.read(.sample(1), sync: true)) == .leads(c.incarnation, version: 2))
        }
    }

    @Test("A handover names another node as leader", arguments: CoordinatorKind.allCases)
    func handover(_ kind: CoordinatorKind) async throws {
        try await kind.withNodes(2) { cluster in
            let (a, b) = (cluster[0], cluster[1])
            _ = try await a.perform(.create(.sample(1), leader: a.incarnation))
            #expect(try await a.perform(.claim(.sample(1), leader: b.incarnation, version: 0)) == .won(version: 1))
            #expect(try await b.perform(.read(.sample(1), sync: true)) == .leads(b.incarnation, version: 1))
        }
    }

    @Test("Of many claimers of an orphan one wins", arguments: CoordinatorKind.allCases)
    func raceOfClaimers(_ kind: CoordinatorKind) async throws {
        try await kind.withNodes(4) { cluster in
            let gone = Incarnation(trusted: "gone.1")
            for number in 1...20 as ClosedRange<UInt64> {
                _ = try await cluster[0].perform(.create(.sample(number), leader: gone))
            }
            for number in 1...20 as ClosedRange<UInt64> {
                let asked = cluster.nodes.map {
                    ($0, $0.submit(.claim(.sample(number), leader: $0.incarnation, version: 0)))
                }
                var winners: [Incarnation] = []
                var heard: Set<Incarnation> = []
                for (node, id) in asked {
                    switch try await node.result(of: id) {
                    case .won(version: 1): winners.append(node.incarnation)
                    case .leads(let leader, version: 1): heard.insert(leader)
                    case let other: Issue.record("unexpected \(other)")
                    }
                }
                #expect(winners.count == 1)
                #expect(heard == Set(winners))
            }
        }
    }

    @Test("Deleting takes what has the version, skips what changed or is gone", arguments: CoordinatorKind.allCases)
    func delete(_ kind: CoordinatorKind) async throws {
        try await kind.withNodes(2) { cluster in
            let (a, b) = (cluster[0], cluster[1])
            // More than one transaction's worth.
            let created = (1...230 as ClosedRange<UInt64>).map {
                ($0, a.submit(.create(.sample($0), leader: a.incarnation)))
            }
            for (_, id) in created { #expect(try await a.result(of: id) == .won(version: 0)) }
            // The first, one in the middle of a transaction, and the last have changed.
            let changed: [UInt64] = [1, 150, 230]
            for number in changed {
                _ = try await b.perform(.claim(.sample(number), leader: b.incarnation, version: 0))
            }
            // And some never were.
            let numbers = [9_001] + Array(1...230) + [9_002] as [UInt64]
            let claims = numbers.map { ConversationClaim(conversation: .sample($0), version: 0) }
            #expect(try await a.perform(.delete(claims)) == .done)
            for number in 1...230 as ClosedRange<UInt64> {
                let expected: CoordinatorResult = changed.contains(number) ? .leads(b.incarnation, version: 1) : .absent
                #expect(try await b.perform(.read(.sample(number), sync: number == 1)) == expected, "\(number)")
            }
            #expect(try await a.perform(.delete([])) == .done)
        }
    }

    @Test("What was deleted can be created anew, from version 0", arguments: CoordinatorKind.allCases)
    func recreate(_ kind: CoordinatorKind) async throws {
        try await kind.withNodes(2) { cluster in
            let (a, b) = (cluster[0], cluster[1])
            _ = try await a.perform(.create(.sample(1), leader: a.incarnation))
            _ = try await a.perform(.claim(.sample(1), leader: a.incarnation, version: 0))
            _ = try await a.perform(.delete([ConversationClaim(conversation: .sample(1), version: 1)]))
            #expect(try await b.perform(.create(.sample(1), leader: b.incarnation)) == .won(version: 0))
        }
    }

    @Test("Conversations outlive their leader's node", arguments: CoordinatorKind.allCases)
    func leaderLeaves(_ kind: CoordinatorKind) async throws {
        try await kind.withNodes(2) { cluster in
            let (a, b) = (cluster[0], cluster[1])
            _ = try await a.perform(.create(.sample(1), leader: a.incarnation))
            await a.close()
            try await b.waitForMembers([b.incarnation.text])
            #expect(try await b.perform(.read(.sample(1), sync: true)) == .leads(a.incarnation, version: 0))
            #expect(try await b.perform(.claim(.sample(1), leader: b.incarnation, version: 0)) == .won(version: 1))
        }
    }
}
