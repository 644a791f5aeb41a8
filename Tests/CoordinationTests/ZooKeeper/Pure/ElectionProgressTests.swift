import SwitchboardCore
import SwitchboardProtocol
import Testing
import ZooKeeperClient

@testable import Coordination

@Suite("ElectionProgress (pure)")
struct ElectionProgressTests {
    private let me = Incarnation(trusted: "me.1")
    private let other = Incarnation(trusted: "other.1")
    private let conversation = ConversationID(high: 0xCD << 56, low: 7)
    private let bucket = "/r/conversations/cd"
    private let path = "/r/conversations/cd/cd000000-0000-0000-0000-000000000007"

    private var create: CommandStep { .ask(.create(path: path, data: Array("me.1".utf8), mode: .persistent)) }
    private var get: CommandStep { .ask(.get(path: path)) }
    private var syncLater: CommandStep { .askWhenReconnected(.sync(path: path)) }
    private func set(_ version: Int32) -> CommandStep {
        .ask(.set(path: path, data: Array("me.1".utf8), expectedVersion: version))
    }

    private func election(_ goal: ElectionProgress.Goal) throws -> ElectionProgress {
        ElectionProgress(goal, conversation, in: try NodeTree(root: "/r"))
    }

    private func data(_ leader: Incarnation, _ version: Int32) -> Result<ZooKeeperResponse, ZooKeeperError> {
        .success(.data(Array(leader.text.utf8), ZooKeeperNodeStatus(version: version)))
    }

    // MARK: Creating

    @Test("A lost answer to a create that was carried out: read back behind a sync, and won")
    func createCarriedOut() throws {
        var election = try election(.create(leader: me))
        #expect(election.begin() == create)
        #expect(election.answered(.failure(.connectionLoss)) == syncLater)
        #expect(election.answered(.success(.synced)) == get)
        #expect(election.answered(data(me, 0)) == .complete(.won(version: 0)))
    }

    @Test("A lost answer to a create that was not carried out: created again")
    func createNotCarriedOut() throws {
        var election = try election(.create(leader: me))
        _ = election.begin()
        #expect(election.answered(.failure(.operationTimeout)) == syncLater)
        #expect(election.answered(.success(.synced)) == get)
        #expect(election.answered(.failure(.noNode)) == create)
        #expect(election.answered(.success(.created)) == .complete(.won(version: 0)))
    }

    @Test("A lost answer to a create, and the node names somebody else, or was claimed since: that is who leads")
    func createOvertaken() throws {
        for found in [(other, 0), (other, 1), (me, 2)] as [(Incarnation, Int32)] {
            var election = try election(.create(leader: me))
            _ = election.begin()
            _ = election.answered(.failure(.connectionLoss))
            _ = election.answered(.success(.synced))
            #expect(election.answered(data(found.0, found.1)) == .complete(.leads(found.0, version: found.1)))
        }
    }

    @Test("Losing the answer to the reading back too changes nothing")
    func createLostTwice() throws {
        var election = try election(.create(leader: me))
        _ = election.begin()
        #expect(election.answered(.failure(.connectionLoss)) == syncLater)
        #expect(election.answered(.failure(.connectionLoss)) == syncLater)
        #expect(election.answered(.success(.synced)) == get)
        #expect(election.answered(.failure(.connectionLoss)) == syncLater)
        #expect(election.answered(.success(.synced)) == get)
        #expect(election.answered(data(me, 0)) == .complete(.won(version: 0)))
    }

    @Test("Without a lost answer, a node that names its creator is no victory of this command")
    func createExists() throws {
        var election = try election(.create(leader: me))
        _ = election.begin()
        #expect(election.answered(.failure(.nodeExists)) == get)
        #expect(election.answered(data(me, 0)) == .complete(.leads(me, version: 0)))
    }

    @Test("A node that vanishes between create and read is created; a missing bucket is made")
    func createAgain() throws {
        var election = try election(.create(leader: me))
        _ = election.begin()
        #expect(election.answered(.failure(.nodeExists)) == get)
        #expect(election.answered(.failure(.noNode)) == create)
        let makeBucket = CommandStep.ask(.create(path: bucket, data: [], mode: .persistent))
        #expect(election.answered(.failure(.noNode)) == makeBucket)
        #expect(election.answered(.failure(.nodeExists)) == create)
        #expect(election.answered(.success(.created)) == .complete(.won(version: 0)))
    }

    // MARK: Claiming

    @Test("A lost answer to a claim that was carried out: won at the version that follows")
    func claimCarriedOut() throws {
        var election = try election(.claim(leader: me, version: 4))
        #expect(election.begin() == set(4))
        #expect(election.answered(.failure(.connectionLoss)) == syncLater)
        #expect(election.answered(.success(.synced)) == get)
        #expect(election.answered(data(me, 5)) == .complete(.won(version: 5)))
    }

    @Test("A lost answer to a claim that was not carried out: claimed again")
    func claimNotCarriedOut() throws {
        var election = try election(.claim(leader: me, version: 4))
        _ = election.begin()
        _ = election.answered(.failure(.connectionLoss))
        _ = election.answered(.success(.synced))
        #expect(election.answered(data(other, 4)) == set(4))
        #expect(election.answered(.success(.dataSet(ZooKeeperNodeStatus(version: 5)))) == .complete(.won(version: 5)))
    }

    @Test("A lost answer to a claim, and others went on from there: that is who leads; or the node is gone")
    func claimOvertaken() throws {
        for found in [(other, 5), (me, 6)] as [(Incarnation, Int32)] {
            var election = try election(.claim(leader: me, version: 4))
            _ = election.begin()
            _ = election.answered(.failure(.connectionLoss))
            _ = election.answered(.success(.synced))
            #expect(election.answered(data(found.0, found.1)) == .complete(.leads(found.0, version: found.1)))
        }
        var election = try election(.claim(leader: me, version: 4))
        _ = election.begin()
        _ = election.answered(.failure(.connectionLoss))
        _ = election.answered(.success(.synced))
        #expect(election.answered(.failure(.noNode)) == .complete(.absent))
    }

    @Test("A claim with the wrong version reads who leads")
    func claimTooLate() throws {
        var election = try election(.claim(leader: me, version: 4))
        _ = election.begin()
        #expect(election.answered(.failure(.badVersion)) == get)
        // That it names us does not mean that this command did it.
        #expect(election.answered(data(me, 5)) == .complete(.leads(me, version: 5)))
    }

    // MARK: Giving up

    @Test("What does not end by itself ends at a bound")
    func bound() throws {
        var election = try election(.create(leader: me))
        var step = election.begin()
        var steps = 0
        while case .ask(let request) = step {
            steps += 1
            try #require(steps < 100)
            if case .create = request {
                step = election.answered(.failure(.nodeExists))
            } else {
                step = election.answered(.failure(.noNode))
            }
        }
        guard case .complete(.unavailable) = step else {
            Issue.record("unexpected \(step)")
            return
        }
    }

    @Test("An error that decides nothing is told with its reason")
    func errors() throws {
        for error in [.sessionExpired, .overloaded, .closing, .noAuth, .marshalling] as [ZooKeeperError] {
            for goal in [.create(leader: me), .claim(leader: me, version: 0), .read(sync: false), .read(sync: true)]
                as [ElectionProgress.Goal]
            {
                var election = try election(goal)
                _ = election.begin()
                #expect(
                    election.answered(.failure(error)) == .complete(.unavailable(reason: error.description)))
            }
        }
    }
}
