import SwiftProtobuf
import SwitchboardProtocol
import SwitchboardTestKit
import Testing

@testable import SwitchboardCore

/// A log folded from its checkpoint is the log folded from its beginning.
@Suite struct CheckpointTests {
    @Test(arguments: UInt64(1)...200) func aRestoreFromAnyPlaceIsTheWholeFold(seed: UInt64) throws {
        let random = SeededGenerator(seed: seed)
        var call = CallUnderTest()
        var checkpointAt: Int?
        for _ in 0..<random.number(1...40) {
            try call.decide(Self.randomInput(random, &call))
            guard !call.entries.isEmpty, checkpointAt == nil, random.chance(0.1), !call.state.isEnded else { continue }
            checkpointAt = call.entries.count - 1
            call.entries[call.entries.count - 1].facts.append(
                LogFact.with { $0.checkpoint = call.state.makeCheckpoint(remaining: [:]) })
        }
        guard !call.entries.isEmpty else { return }
        let place = checkpointAt ?? 0
        var whole = ConversationState()
        for (offset, entry) in call.entries.enumerated() {
            try whole.apply(entry, at: UInt32(offset + 1), isFirstLoaded: offset == 0)
        }
        var restored = ConversationState()
        for offset in place..<call.entries.count {
            try restored.apply(call.entries[offset], at: UInt32(offset + 1), isFirstLoaded: offset == place)
        }
        expectSame(whole, call.state)
        expectSame(restored, call.state)
    }

    private static let origins: [Origin] = [
        .phone, .laptop, .tablet, Origin.phone.again(counter: 2, outbox: "o2"),
        Origin.tablet.again(counter: 3, outbox: "o3"),
        .stranger,
    ]

    private static func randomInput(_ random: SeededGenerator, _ call: inout CallUnderTest) -> ConversationInput {
        guard call.state.isOpen else { return call.input(.phone, .invite("bob")) }
        let origin = random.pick(origins) ?? .phone
        let messages: [WireMessage] = [
            .description("offer", session: UInt32(random.number(1...3)), revision: UInt32(random.number(1...3))),
            .description("answer"), .candidates("c"), .ringing, .candidates("d", session: 2), .info("i"), .busy,
            .ignore, .connected, random.chance(0.3) ? .accept : .ringing, random.chance(0.1) ? .reject : .ringing,
            random.chance(0.1) ? .hangup : .info("j"), random.chance(0.1) ? .cancel : .candidates("e"),
        ]
        switch random.number(0...9) {
        case 0: return .attach(origin, cursor: random.chance(0.5) ? nil : UInt32(random.number(0...3)))
        case 1: return .devicesFound([origin.address])
        case 2: return .send(origin, number: UInt32(random.number(1...9)), random.pick(messages) ?? .ringing)
        default:
            let outbox = call.state.outboxes[OutboxKey(address: origin.address, outbox: origin.outbox)]
            return .send(origin, number: (outbox?.accepted ?? 0) + 1, random.pick(messages) ?? .ringing)
        }
    }

    private func expectSame(_ left: ConversationState, _ right: ConversationState) {
        #expect(left.phase == right.phase)
        #expect(left.opening?.caller == right.opening?.caller)
        #expect(left.opening?.callee == right.opening?.callee)
        #expect(left.opening?.inviteDigest == right.opening?.inviteDigest)
        #expect(left.opening?.ringTimeout == right.opening?.ringTimeout)
        #expect(left.selection?.calleeDevice == right.selection?.calleeDevice)
        #expect(left.ending?.reason == right.ending?.reason)
        #expect(left.deadlines.mapValues(\.duration) == right.deadlines.mapValues(\.duration))
        #expect(left.watchers == right.watchers)
        #expect(left.handover == right.handover)
        #expect(left.highestSession == right.highestSession)
        #expect(left.pushesTaken == right.pushesTaken)
        #expect(left.legs == right.legs)
        #expect(left.newestOffer == right.newestOffer)
        #expect(left.held.map(\.message) == right.held.map(\.message))
        #expect(left.held.map(\.reference) == right.held.map(\.reference))
        #expect(left.broadcast.map(\.message) == right.broadcast.map(\.message))
        #expect(Set(left.queues.keys) == Set(right.queues.keys))
        for (address, queue) in left.queues {
            #expect(queue.last == right.queues[address]?.last)
            #expect(queue.pending.map(\.message) == right.queues[address]?.pending.map(\.message))
            #expect(queue.pending.map(\.fromDevice) == right.queues[address]?.pending.map(\.fromDevice))
        }
        #expect(left.currentOutbox.mapValues(\.outbox) == right.currentOutbox.mapValues(\.outbox))
        #expect(left.currentOutbox.mapValues(\.connection) == right.currentOutbox.mapValues(\.connection))
        for (key, outbox) in left.outboxes {
            #expect(outbox.accepted == right.outboxes[key]?.accepted ?? 0)
            #expect(outbox.recent.map(\.digest) == right.outboxes[key]?.recent.map(\.digest) ?? [])
            #expect(outbox.recent.map(\.refusal) == right.outboxes[key]?.recent.map(\.refusal) ?? [])
        }
    }
}

@Suite struct FoldTests {
    @Test func aHigherLevelIsNotFolded() {
        var state = ConversationState()
        #expect(throws: FoldError.levelTooHigh(FeatureLevel.newest + 1)) {
            try state.apply(LogEntry.with { $0.level = FeatureLevel.newest + 1 }, at: 1)
        }
    }

    @Test func factsThatAreNotKnownHaveNoEffect() throws {
        var call = try CallUnderTest.ringing()
        try call.state.apply(LogEntry.with { $0.facts = [LogFact()] }, at: call.index + 1)
        #expect(call.state.phase == .ringing)
    }

    /// A log that cannot be folded quarantines one conversation; it must not trap.
    @Test func wrongFactsThrow() {
        let wrong: [LogFact] = [
            .with { $0.phase.state = "dancing" },
            .with { $0.legChanged.state = "notified" },
            .with {
                $0.legChanged.user = "bob"
                $0.legChanged.device = "x"
                $0.legChanged.state = "flying"
            },
            .with {
                $0.delivery.user = "bob"
                $0.delivery.device = "x"
            },
            .with {
                $0.delivery.user = "bob"
                $0.delivery.device = "x"
                $0.delivery.held.number = 3
            },
            .with { $0.selection.callerDevice = "a" },
            .with { $0.taken.user = "" },
        ]
        for fact in wrong {
            var state = ConversationState()
            #expect(throws: FoldError.self) {
                try state.apply(LogEntry.with { $0.facts = [fact] }, at: 1)
            }
        }
    }

    @Test func aLogWithoutItsBeginningThrows() {
        var state = ConversationState()
        #expect(throws: FoldError.self) { try state.apply(LogEntry(), at: 7, isFirstLoaded: true) }
    }

    @Test func aQueueShorterThanItsContentsThrows() {
        var state = ConversationState()
        let checkpoint = LogCheckpoint.with {
            $0.state = "ringing"
            $0.queues = [
                LogQueueState.with {
                    $0.user = "bob"
                    $0.device = "x"
                    $0.last = 0
                    $0.pending = [LogDelivery()]
                }
            ]
        }
        #expect(throws: FoldError.self) {
            try state.apply(
                LogEntry.with { $0.facts = [LogFact.with { $0.checkpoint = checkpoint }] }, at: 9, isFirstLoaded: true)
        }
    }
}
