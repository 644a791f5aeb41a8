import SwitchboardProtocol
import Testing

@testable import SwitchboardCore

@Suite struct CommitLanesTests {
    private let ids = (1...5).map { ConversationID(high: 0, low: UInt64($0)) }
    private let start = Moment(.zero)

    private func expect(
        _ lanes: inout CommitLanes, _ lane: StoreLane, limit: Int, now: Moment, _ expected: [ConversationID]
    ) {
        let taken = lanes.take(lane, limit: limit, now: now)
        #expect(taken == expected)
    }

    @Test func whatGathersGoesOutTogether() {
        var lanes = CommitLanes(writers: 1)
        for id in ids + ids { lanes.want(id, on: .writer(0)) }
        expect(&lanes, .writer(0), limit: 3, now: start, Array(ids.prefix(3)))
        lanes.began(.writer(0))
        lanes.want(ids[0], on: .writer(0))
        expect(&lanes, .writer(0), limit: 9, now: start, [])
        lanes.succeeded(.writer(0))
        expect(&lanes, .writer(0), limit: 9, now: start, [ids[3], ids[4], ids[0]])
        #expect(!lanes.hasWaiting(.writer(0)))
    }

    @Test func aConversationKeepsItsLane() {
        let lanes = CommitLanes(writers: 4)
        for id in ids { #expect(lanes.writer(of: id) == lanes.writer(of: id)) }
        #expect(Set(ids.map(lanes.writer(of:))).count > 1)
        #expect(lanes.all.count == 5)
    }

    @Test func afterAFailureItWaitsLongerEachTimeUpToABound() {
        var lanes = CommitLanes(writers: 1)
        lanes.want(ids[0], on: .writer(0))
        var waits: [Duration] = []
        for _ in 0..<6 {
            lanes.began(.writer(0))
            waits.append(
                lanes.failed(.writer(0), now: start, retry: .milliseconds(100), maximum: .seconds(1)) - start)
        }
        #expect(
            waits == [
                .milliseconds(100), .milliseconds(200), .milliseconds(400), .milliseconds(800), .seconds(1),
                .seconds(1),
            ])
        expect(&lanes, .writer(0), limit: 1, now: start + .milliseconds(999), [])
        expect(&lanes, .writer(0), limit: 1, now: start + .seconds(1), [ids[0]])
        lanes.succeeded(.writer(0))
        let again = lanes.failed(.writer(0), now: start, retry: .milliseconds(100), maximum: .seconds(1))
        #expect(again == start + .milliseconds(100))
    }
}

@Suite struct RecoveryTests {
    private let ids = (1...4).map { ConversationID(high: 0, low: UInt64($0)) }

    private func expectNext(_ recovery: inout Recovery, limit: Int, _ expected: ConversationID?) {
        let next = recovery.next(limit: limit)
        #expect(next == expected)
    }

    @Test func thePaceIsBoundedAndNothingComesTwice() {
        var recovery = Recovery()
        for id in ids + ids { recovery.add(id) }
        expectNext(&recovery, limit: 2, ids[0])
        expectNext(&recovery, limit: 2, ids[1])
        expectNext(&recovery, limit: 2, nil)
        recovery.add(ids[0])
        let (first, second) = (recovery.settled(ids[0]), recovery.settled(ids[0]))
        #expect(first && !second)
        expectNext(&recovery, limit: 2, ids[2])
        #expect(recovery.count == 3)
        for id in ids { recovery.settled(id) }
        expectNext(&recovery, limit: 2, ids[3])
        #expect(!recovery.isIdle)
        recovery.settled(ids[3])
        #expect(recovery.isIdle)
    }
}
