import SwitchboardProtocol
import Testing

@testable import SwitchboardCore
@testable import SwitchboardTestKit

@Suite struct LeadershipTests {
    @Test func barrierAndInviteAreOneEntryAndNothingIsSaidBefore() throws {
        var leader = LeaderUnderTest("n.1")
        var store = StoreContents()
        leader.enqueue(.send(.phone, number: 1, .invite("bob")), .attach(.phone, cursor: 0))
        #expect(leader.drain() == ["wantsCommit", "wantsCommit"])
        leader.serve()
        #expect(leader.drain() == [])
        leader.commit(to: &store)
        #expect(leader.drain() == ["deadline reach", "deadline ring", "phone accepted 1", "phone attached 1"])
        #expect(store.conversations[LeaderUnderTest.call]?.entries.count == 1)
        #expect(leader.leadership.epoch == 1)
    }

    @Test func devicesInPresenceAreRungAtOnce() throws {
        var leader = LeaderUnderTest("n.1")
        var store = StoreContents()
        store.announce([
            PresenceRow(
                key: PresenceKey(
                    address: Origin.laptop.address, incarnation: Origin.laptop.front,
                    connection: Origin.laptop.connection), counter: 1)
        ])
        leader.enqueue(.send(.phone, number: 1, .invite("bob")), .send(.phone, number: 2, .description("offer")))
        leader.serve()
        _ = leader.drain()
        leader.commit(to: &store)
        #expect(leader.drain().filter { $0.hasPrefix("laptop") } == ["laptop 1 invite", "laptop 2 offer"])
        // Its front attaches it without knowing what was sent: everything again, from 1 on, and no snapshot.
        leader.settle(&store)
        leader.enqueue(.attach(.laptop, cursor: nil))
        _ = leader.drain()
        leader.settle(&store)
        #expect(
            leader.drain().filter { $0.hasPrefix("laptop") } == [
                "laptop 1 invite", "laptop 2 offer", "laptop attached 0",
            ])
    }

    @Test func whatComesMeanwhileGathersForTheNextEntry() throws {
        var (leader, store) = LeaderUnderTest.ringing()
        leader.enqueue(.send(.laptop, number: 1, .ringing))
        leader.serve()
        leader.enqueue(.send(.laptop, number: 2, .description("answer")), .send(.laptop, number: 3, .accept))
        let before = store.conversations[LeaderUnderTest.call]?.entries.count ?? 0
        leader.settle(&store)
        leader.commit(to: &store)
        leader.settle(&store)
        #expect(store.conversations[LeaderUnderTest.call]?.entries.count == before + 2)
        #expect(leader.leadership.state.phase == .connecting)
    }

    @Test func anAnswerWithoutAnEntryIsConfirmedFirst() throws {
        var (leader, store) = LeaderUnderTest.ringing()
        leader.enqueue(.attach(.phone, cursor: 0))
        leader.serve()
        guard case .confirm? = leader.step else {
            Issue.record("a confirmation was due")
            return
        }
        #expect(leader.drain() == ["wantsCommit"])
        leader.commit(to: &store)
        #expect(leader.drain() == ["phone attached 2"])
    }

    @Test func aLeaderThatWasOvertakenConfirmsNothing() throws {
        var (leader, store) = LeaderUnderTest.ringing()
        var successor = LeaderUnderTest("n.2", fresh: false)
        successor.load(from: store)
        successor.settle(&store)
        #expect(successor.drain().contains("leading 2"))
        leader.enqueue(.attach(.phone, cursor: 0))
        leader.serve()
        _ = leader.drain()
        leader.commit(to: &store)
        #expect(leader.drain() == ["load"])
        leader.load(from: store)
        #expect(leader.drain() == ["readClaim"])
        leader.perform(leader.leadership.claimRead(leader: Incarnation(trusted: "n.2"), version: 1))
        #expect(leader.drain() == ["steppedDown 2"])
    }

    @Test func aLeaderThatIsStillNamedRaisesANewBarrier() throws {
        var (leader, store) = LeaderUnderTest.ringing()
        var other = LeaderUnderTest("n.2", fresh: false)
        other.load(from: store)
        other.settle(&store)
        leader.enqueue(.send(.laptop, number: 1, .ringing))
        leader.serve()
        leader.commit(to: &store)
        leader.load(from: store)
        _ = leader.drain()
        leader.perform(leader.leadership.claimRead(leader: Incarnation(trusted: "n.1"), version: 7))
        #expect(leader.drain() == ["wantsBarrier"])
        leader.settle(&store)
        #expect(leader.leadership.epoch == 3)
        #expect(leader.leadership.version == 7)
        #expect(leader.drain().contains("laptop accepted 1"))
        #expect(store.conversations[LeaderUnderTest.call]?.entries.count == 4)
    }

    /// A store that stands still with a message in its hands: its sender is told so, once, and loses nothing.
    @Test func whoseOutcomeIsUnknownIsToldOfTheOutage() throws {
        var (leader, store) = LeaderUnderTest.ringing()
        leader.enqueue(.send(.laptop, number: 1, .ringing))
        leader.serve()
        leader.loseAnswer(applying: &store, isApplied: true)
        _ = leader.drain()
        leader.perform(leader.leadership.rejectWaiting(.storeUnavailable))
        #expect(leader.drain() == ["laptop error store_unavailable 1"])
        leader.perform(leader.leadership.rejectWaiting(.storeUnavailable))
        #expect(leader.drain() == [])
        // It comes again; both are one.
        leader.enqueue(.send(.laptop, number: 1, .ringing))
        leader.load(from: store)
        leader.settle(&store)
        let said = leader.drain()
        #expect(said.filter { $0 == "phone 1 ringing" }.count == 1)
        #expect(said.contains("laptop accepted 1"))
    }

    /// The write of an unknown outcome was there after all: it is acknowledged only behind a fresh barrier, and not twice.
    @Test(arguments: [true, false]) func nothingIsSaidAfterDoubtBeforeABarrier(isApplied: Bool) throws {
        var (leader, store) = LeaderUnderTest.ringing()
        leader.enqueue(.send(.laptop, number: 1, .ringing))
        leader.serve()
        _ = leader.drain()
        leader.loseAnswer(applying: &store, isApplied: isApplied)
        #expect(leader.drain() == ["load"])
        leader.load(from: store)
        #expect(leader.drain() == ["deadline reach", "deadline ring", "wantsBarrier"])
        leader.serve()
        #expect(leader.drain() == [])
        leader.commit(to: &store)
        leader.settle(&store)
        let said = leader.drain()
        #expect(said.first == (isApplied ? "leading 3" : "leading 2"))
        #expect(said.filter { $0 == "phone 1 ringing" }.count == 1)
        #expect(said.filter { $0 == "laptop accepted 1" }.count == 1)
    }

    @Test func aBarrierOfUnknownOutcomeIsFollowedByAnother() throws {
        var (leader, store) = LeaderUnderTest.ringing()
        leader.perform(leader.leadership.doubt())
        leader.enqueue(.attach(.phone, cursor: 0))
        leader.load(from: store)
        leader.serve()
        _ = leader.drain()
        leader.loseAnswer(applying: &store, isApplied: true)
        leader.load(from: store)
        leader.settle(&store)
        #expect(leader.drain().filter { $0.hasPrefix("leading") } == ["leading 3"])
    }

    @Test func whatProvablyDidNotHappenIsDecidedAgain() throws {
        var (leader, store) = LeaderUnderTest.ringing()
        leader.enqueue(.send(.laptop, number: 1, .ringing))
        leader.serve()
        leader.perform(leader.leadership.notCommitted())
        _ = leader.drain()
        leader.settle(&store)
        #expect(leader.drain().contains("laptop accepted 1"))
    }

    @Test func anIdleLeaderInDoubtWaitsUntilItIsNeeded() throws {
        var (leader, store) = LeaderUnderTest.ringing()
        leader.perform(leader.leadership.doubt())
        #expect(leader.drain() == [])
        leader.enqueue(.send(.laptop, number: 1, .ringing))
        #expect(leader.drain() == ["load"])
        leader.load(from: store)
        leader.settle(&store)
        #expect(leader.drain().contains("laptop accepted 1"))
        #expect(leader.leadership.epoch == 2)
    }

    @Test func theInboxIsBoundedForSendsOnly() throws {
        var configuration = LeadershipConfiguration()
        configuration.maximumInbox = 2
        var leader = LeaderUnderTest("n.1", fresh: false, configuration: configuration)
        leader.enqueue(.send(.phone, number: 1, .info("a")), .send(.phone, number: 2, .info("b")))
        #expect(leader.drain() == [])
        leader.enqueue(.send(.phone, number: 3, .info("c")), .attach(.phone, cursor: 0))
        #expect(leader.drain() == ["phone error overloaded 3"])
        #expect(leader.leadership.inbox.count == 3)
        leader.perform(leader.leadership.rejectWaiting(.storeUnavailable))
        #expect(leader.drain() == ["phone error store_unavailable 1", "phone error store_unavailable 2"])
        #expect(leader.leadership.inbox.count == 1)
    }

    @Test func aRefusedEntryIsTriedPieceByPieceAndOnlyTheCulpritFails() throws {
        var (leader, store) = LeaderUnderTest.ringing()
        leader.enqueue(
            .send(.laptop, number: 1, .ringing), .send(.laptop, number: 2, .busy), .send(.laptop, number: 3, .ignore))
        leader.serve()
        leader.perform(leader.leadership.refused(reason: "data"))
        leader.serve()
        leader.commit(to: &store)
        _ = leader.drain()
        leader.serve()
        leader.perform(leader.leadership.refused(reason: "data"))
        #expect(leader.drain() == ["laptop error server_error 2", "inputLost", "wantsCommit"])
        leader.settle(&store)
        // What follows the culprit has a gap before it: the client sends again.
        #expect(leader.drain() == ["laptop error gap 2"])
    }

    @Test func aCheckpointComesInTime() throws {
        var configuration = LeadershipConfiguration()
        configuration.call.checkpointInterval = 5
        var leader = LeaderUnderTest("n.1", configuration: configuration)
        var store = StoreContents()
        leader.enqueue(.send(.phone, number: 1, .invite("bob")), .send(.laptop, number: 1, .accept))
        leader.settle(&store)
        for number in UInt32(2)...12 {
            leader.enqueue(.send(.phone, number: number, .info("\(number)")))
            leader.settle(&store)
        }
        let checkpoints = try #require(store.conversations[LeaderUnderTest.call]).entries.indices
            .filter { store.conversations[LeaderUnderTest.call]?.entries[$0].isCheckpoint == true }
        #expect(checkpoints == [4, 9])
        var successor = LeaderUnderTest("n.2", fresh: false)
        successor.load(from: store)
        successor.settle(&store)
        successor.enqueue(.send(.phone, number: 12, .info("12")), .send(.phone, number: 13, .hangup))
        successor.settle(&store)
        #expect(successor.drain().contains("phone accepted 13"))
    }

    @Test func threeLeadersThatDiedOfItQuarantineIt() throws {
        let (_, before) = LeaderUnderTest.ringing()
        var store = before
        for number in 2...4 {
            var claimer = LeaderUnderTest("n.\(number)", fresh: false)
            claimer.load(from: store)
            claimer.settle(&store)
        }
        var last = LeaderUnderTest("n.9", fresh: false)
        last.enqueue(.send(.laptop, number: 1, .ringing))
        last.load(from: store)
        #expect(last.drain() == ["laptop error server_error 1", "quarantined"])
        last.enqueue(.send(.laptop, number: 1, .ringing))
        #expect(last.drain() == ["laptop error server_error 1"])
        // A minute later somebody may try again.
        var later = LeaderUnderTest("n.9", fresh: false)
        later.time.now = Moment(.seconds(61))
        later.load(from: store)
        #expect(later.drain().last == "wantsBarrier")
    }
}

/// An ended call has no leader and no barrier: what was read is told only when it is sure to stay.
@Suite struct ClosedLogTests {
    private func ended() -> StoreContents {
        var (leader, store) = LeaderUnderTest.ringing()
        leader.enqueue(.send(.phone, number: 3, .cancel))
        leader.settle(&store)
        return store
    }

    @Test func theEndIsToldAfterACommitThatLeftItThere() {
        let store = ended()
        var reader = LeaderUnderTest("n.2", fresh: false)
        reader.enqueue(.attach(.laptop, cursor: 2))
        reader.load(from: store)
        #expect(reader.drain() == ["confirmEnd"])
        reader.perform(reader.leadership.endConfirmed())
        #expect(reader.drain() == ["load"])
        reader.load(from: store)
        #expect(reader.drain() == ["ended", "wantsCommit"])
        reader.serve()
        #expect(reader.drain() == ["laptop 3 ended:cancelled", "laptop attached 0"])
    }

    /// A failover between reading the end and the commit that was to prove it has taken the end back.
    @Test func anEndThatWasAGhostIsNotTold() {
        let (_, before) = LeaderUnderTest.ringing()
        let ghost = ended()
        var reader = LeaderUnderTest("n.2", fresh: false)
        reader.enqueue(.attach(.laptop, cursor: 2))
        reader.load(from: ghost)
        reader.perform(reader.leadership.endConfirmed())
        _ = reader.drain()
        reader.load(from: before)
        #expect(reader.drain() == ["deadline reach", "deadline ring", "wantsBarrier"])
    }

    @Test func everythingThatWaitsIsAnsweredHoweverMuch() {
        let store = ended()
        var configuration = LeadershipConfiguration()
        configuration.maximumInputsPerEntry = 2
        var reader = LeaderUnderTest("n.2", fresh: false, configuration: configuration)
        for number in UInt32(3)...9 { reader.enqueue(.send(.phone, number: number, .hangup)) }
        reader.load(from: store)
        reader.perform(reader.leadership.endConfirmed())
        reader.load(from: store)
        var nothing = StoreContents()
        _ = reader.drain()
        for _ in 0..<4 {
            reader.settle(&nothing)
        }
        #expect(reader.leadership.inbox.isEmpty)
        #expect(reader.drain().filter { $0 == "wantsCommit" }.count >= 3)
    }
}

/// The coordinator's node is new; that does not mean that the conversation is.
@Suite struct FreshLeadershipTests {
    @Test func anAttachAloneAsksTheStoreFirst() {
        var leader = LeaderUnderTest("n.1")
        leader.enqueue(.attach(.laptop, cursor: 0))
        leader.serve()
        #expect(leader.drain() == ["wantsCommit", "load"])
        leader.load(from: StoreContents())
        leader.serve()
        #expect(leader.drain() == ["wantsCommit", "laptop attached unknown", "ended"])
    }

    @Test func aLogThatIsThereAfterAllIsLed() {
        var (_, store) = LeaderUnderTest.ringing("n.0")
        var leader = LeaderUnderTest("n.1")
        leader.enqueue(.attach(.laptop, cursor: 0))
        leader.serve()
        _ = leader.drain()
        leader.load(from: store)
        leader.settle(&store)
        #expect(leader.drain().contains("laptop 1 invite"))
    }

    @Test func anInviteOpensItThoughAnAttachWaitedForLonger() {
        var leader = LeaderUnderTest("n.1")
        var store = StoreContents()
        leader.enqueue(.attach(.phone, cursor: 0), .send(.phone, number: 1, .invite("bob")))
        leader.settle(&store)
        #expect(leader.drain().suffix(2) == ["phone accepted 1", "phone attached 1"])
    }

    @Test func anInviteOfACallThatExistsFindsIt() {
        var (_, store) = LeaderUnderTest.ringing("n.0")
        var leader = LeaderUnderTest("n.1")
        leader.enqueue(.send(.phone, number: 1, .invite("bob")))
        leader.serve()
        leader.commit(to: &store)
        leader.load(from: store)
        #expect(leader.drain().suffix(2) == ["load", "readClaim"])
        leader.perform(leader.leadership.claimRead(leader: Incarnation(trusted: "n.1"), version: 0))
        leader.settle(&store)
        #expect(leader.drain().contains("phone accepted 2"))
    }
}
