import SwitchboardCore
import SwitchboardProtocol
import Testing
import ZooKeeperClient

@testable import Coordination

@Suite("DeletionProgress, EphemeralProgress, MemberTable, Backoff (pure)")
struct HousekeepingTests {
    @Test("A transaction that fails is tried again without the culprit; the next one follows")
    func deletion() throws {
        let tree = try NodeTree(root: "")
        let claims = (1...5 as ClosedRange<UInt64>).map {
            ConversationClaim(conversation: .sample($0), version: Int32($0))
        }
        func ask(_ numbers: Int...) -> CommandStep {
            .ask(
                .multi(
                    numbers.map { number in
                        .delete(path: tree.path(of: .sample(UInt64(number))), expectedVersion: Int32(number))
                    }))
        }
        var deletion = DeletionProgress(claims, in: tree, batchSize: 3)
        #expect(deletion.begin() == ask(1, 2, 3))
        #expect(deletion.answered(.failure(.operationFailed(index: 1, .badVersion))) == ask(1, 3))
        #expect(deletion.answered(.failure(.operationFailed(index: 0, .noNode))) == ask(3))
        #expect(deletion.answered(.success(.multi([.deleted]))) == ask(4, 5))
        #expect(deletion.answered(.failure(.operationFailed(index: 0, .notEmpty))) == ask(5))
        #expect(deletion.answered(.failure(.operationFailed(index: 0, .noNode))) == .complete(.done))
    }

    @Test("A deletion whose answer is lost is told as unavailable, not repeated")
    func deletionLost() throws {
        let claim = ConversationClaim(conversation: .sample(1), version: 0)
        var deletion = DeletionProgress([claim], in: try NodeTree(root: ""), batchSize: 3)
        _ = deletion.begin()
        let reason = ZooKeeperError.connectionLoss.description
        #expect(deletion.answered(.failure(.connectionLoss)) == .complete(.unavailable(reason: reason)))
    }

    @Test("An earlier session's registration is replaced in one transaction; one's own stays")
    func registration() {
        let (mine, earlier) = (ZooKeeperSessionID(rawValue: 2), ZooKeeperSessionID(rawValue: 1))
        let create = CommandStep.ask(.create(path: "/nodes/me", data: [7], mode: .ephemeral))
        let replace = CommandStep.ask(
            .multi([
                .delete(path: "/nodes/me", expectedVersion: 0), .create(path: "/nodes/me", data: [7], mode: .ephemeral),
            ]))
        let look = CommandStep.ask(.exists(path: "/nodes/me"))

        var progress = EphemeralProgress(.present(data: [7], owner: mine), path: "/nodes/me")
        #expect(progress.begin() == create)
        #expect(progress.answered(.failure(.nodeExists)) == look)
        #expect(progress.answered(.success(.exists(ZooKeeperNodeStatus(ephemeralOwner: earlier)))) == replace)
        // Just then it vanished by itself.
        #expect(progress.answered(.failure(.operationFailed(index: 0, .noNode))) == look)
        #expect(progress.answered(.success(.exists(nil))) == create)
        #expect(progress.answered(.failure(.nodeExists)) == look)
        #expect(progress.answered(.success(.exists(ZooKeeperNodeStatus(ephemeralOwner: mine)))) == .complete(.done))
    }

    @Test("A table reads each node once, folds markers into their node, and forgets who is gone")
    func memberTable() throws {
        let address = PeerAddress(host: "h", port: 1)
        let member = NodeMember(address: address, datacenter: "d", featureLevel: 1, software: "s")
        var table = MemberTable()
        #expect(table.listed(["b", "a", "a.draining", "c.nostore"]) == ["a", "b"])
        let isUnderstood = [table.read("a", MemberRecord(member).encoded), table.read("b", Array("{}".utf8))]
        #expect(isUnderstood == [true, false])
        var draining = member
        draining.markers = [.draining]
        #expect(table.members == [Incarnation(trusted: "a"): draining])
        #expect(table.listed(["b", "a"]) == [])
        #expect(table.members == [Incarnation(trusted: "a"): member])
        #expect(table.listed(["b"]) == [])
        #expect(table.members.isEmpty)
        #expect(table.listed(["a", "b"]) == ["a"])
        table.vanished("a")
        #expect(table.members.isEmpty && !table.contains("a"))
    }

    @Test("Waits double up to their bound and begin anew after success")
    func backoff() {
        var backoff = Backoff(initial: .milliseconds(100), maximum: .seconds(1))
        for span in [100, 200, 400, 800, 1_000, 1_000] {
            let wait = backoff.next()
            #expect(wait >= .milliseconds(span) * 0.5 && wait <= .milliseconds(span))
        }
        for _ in 0..<100 { #expect(backoff.next() <= .seconds(1)) }
        backoff.reset()
        #expect(backoff.next() <= .milliseconds(100))
    }
}
