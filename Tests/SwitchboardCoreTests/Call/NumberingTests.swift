import SwitchboardProtocol
import SwitchboardTestKit
import Testing

@testable import SwitchboardCore

@Suite struct NumberingTests {
    @Test func theSameNumberAgainHasTheSameAnswerAndNoEffect() throws {
        var call = try CallUnderTest.answered()
        try call.send(.phone, .info("one"))
        let before = call.entries.count
        #expect(try call.decide(.send(.phone, number: 3, .info("one"))).texts == ["accepted 3"])
        #expect(call.entries.count == before)
    }

    @Test func aRefusalIsRepeatedToo() throws {
        var call = try CallUnderTest.ringing()
        #expect(try call.send(.phone, .info("early")).texts == ["accepted 3", "refused 3 wrong_state"])
        #expect(
            try call.decide(.send(.phone, number: 3, .info("early"))).texts == ["accepted 3", "refused 3 wrong_state"])
    }

    @Test func otherContentUnderAUsedNumberIsNeverAcknowledged() throws {
        var call = try CallUnderTest.answered()
        try call.send(.phone, .info("one"))
        #expect(try call.decide(.send(.phone, number: 3, .info("two"))).texts == ["rejected 3 number_reused"])
        try call.send(.phone, .hangup)
        #expect(try call.decide(.send(.phone, number: 3, .info("two"))).texts == ["rejected 3 number_reused"])
    }

    @Test func aGapNamesWhereToBegin() throws {
        var call = try CallUnderTest.answered()
        #expect(try call.decide(.send(.phone, number: 5, .info("five"))).texts == ["rejected 3 gap"])
    }

    @Test func strangersLearnNothing() throws {
        var call = try CallUnderTest.ringing()
        #expect(try call.decide(.send(.stranger, number: 1, .accept)).texts == ["rejected 1 not_found"])
        #expect(try call.decide(.attach(.stranger, cursor: 0)).texts == ["unknown"])
        #expect(try call.decide(.attach(.make("alice", "other"), cursor: nil)).texts == ["unknown"])
    }

    @Test func aNewerConnectionWithAnotherOutboxClosesTheOlderOne() throws {
        var call = try CallUnderTest.answered()
        let newer = Origin.phone.again(counter: 2, outbox: "o2")
        #expect(try call.decide(.send(newer, number: 1, .info("new"))).texts == ["accepted 1"])
        #expect(try call.decide(.send(.phone, number: 3, .info("late"))).texts == ["rejected 3 superseded"])
        #expect(call.marks(.laptop).contains("new"))
        #expect(!call.marks(.laptop).contains("late"))
    }

    @Test func anOlderConnectionDoesNotTakeTheOutboxOver() throws {
        var call = try CallUnderTest.ringing()
        try call.decide(.send(Origin.tablet.again(counter: 5, outbox: "o5"), number: 1, .ringing))
        #expect(
            try call.decide(.send(Origin.tablet.again(counter: 4, outbox: "o4"), number: 1, .accept)).texts
                == ["rejected 1 superseded"])
        #expect(call.state.selection == nil)
    }

    @Test func theSameOutboxGoesOnOverANewConnection() throws {
        var call = try CallUnderTest.answered()
        let again = Origin.phone.again(counter: 2)
        #expect(try call.decide(.send(again, number: 3, .info("three"))).texts == ["accepted 3"])
    }

    @Test func lateSendsOfAnEndedCallAreAcceptedWithoutEffect() throws {
        var call = try CallUnderTest.answered()
        try call.send(.laptop, .hangup)
        let before = call.entries.count
        #expect(try call.send(.phone, .info("late")).texts == ["accepted 3"])
        #expect(try call.send(.phone, .hangup).texts == ["accepted 4"])
        #expect(try call.decide(.send(.tablet, number: 2, .accept)).texts == ["accepted 2"])
        #expect(call.entries.count == before)
    }

    @Test func sendersWaitForADeviceThatDoesNotAcknowledge() throws {
        var call = try CallUnderTest.answered()
        call.limits.maximumPendingDeliveries = call.state.queue(of: Origin.laptop.address).pendingCount + 1
        #expect(try call.send(.phone, .info("fits")).texts == ["accepted 3"])
        #expect(try call.decide(.send(.phone, number: 4, .info("too much"))).texts == ["rejected 4 overloaded"])
        // The end is always taken.
        #expect(try call.decide(.send(.phone, number: 4, .hangup)).texts == ["accepted 4"])
    }

    @Test func aLogHasAnEndOfItsOwn() throws {
        var call = try CallUnderTest.answered()
        call.limits.maximumEntries = call.index + 1
        #expect(try call.send(.phone, .info("x")).texts == ["accepted 3", "refused 3 call_limit"])
        #expect(try call.send(.phone, .hangup).texts == ["accepted 4"])
        #expect(call.state.isEnded)
    }
}
