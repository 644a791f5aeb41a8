import SwitchboardProtocol
import SwitchboardTestKit
import Testing

@testable import SwitchboardCore

@Suite struct OpeningTests {
    @Test func anInviteRingsEveryDeviceOfTheCallee() throws {
        var call = CallUnderTest()
        #expect(try call.send(.phone, .invite("bob"), .description("offer")).texts == ["accepted 2"])
        #expect(call.state.phase == .inviting)
        // A device that the log does not know yet gets the same.
        #expect(call.kinds(.laptop) == ["invite", "offer"])
        #expect(call.kinds(.phone) == [])
        #expect(call.state.deadlines.mapValues(\.duration) == [.ring: .seconds(60), .reach: .seconds(20)])
    }

    @Test func theInviteNamesItsCallerAndNotHisDevice() throws {
        var call = CallUnderTest()
        try call.send(.phone, .invite("bob"))
        let invite = try #require(call.state.queue(of: Origin.laptop.address)[1])
        #expect(invite.message.invite.caller == "alice")
        #expect(invite.fromUser == "alice")
        #expect(invite.fromDevice == "")
    }

    @Test func anInviteMayAskForLessTimeAndNotForMore() throws {
        for (asked, given) in [(5_000.0, Duration.seconds(5)), (600_000.0, .seconds(60))] {
            var call = CallUnderTest()
            var invite = WireMessage.invite("bob")
            invite.invite.ringTimeoutMs = asked
            try call.send(.phone, invite)
            #expect(call.state.deadlines[.ring]?.duration == given)
        }
    }

    @Test func anInviteAndItsCancelInOneBatchRingNobody() throws {
        var call = CallUnderTest()
        let inputs = [
            call.input(.phone, .invite("bob")), call.input(.phone, .description("offer")), call.input(.phone, .cancel),
        ]
        #expect(try call.decide(inputs).texts == ["accepted 1", "accepted 2", "accepted 3"])
        #expect(call.entries.count == 1)
        #expect(call.state.ending?.reason == "cancelled")
        #expect(call.kinds(.phone) == ["ended:cancelled"])
        // Nobody is found by presence for an ended call, and a device that attaches is told nothing.
        #expect(try call.decide(.devicesFound([Origin.laptop.address])).isEmpty)
        #expect(call.state.legs.isEmpty)
        #expect(try call.decide(.attach(.laptop, cursor: nil)).texts == ["unknown"])
    }

    @Test func aLoneCancelIsATombstone() throws {
        var call = CallUnderTest()
        #expect(try call.send(.phone, .cancel).texts == ["accepted 1"])
        #expect(call.state.isEnded)
        #expect(call.state.opening?.callee == nil)
        // The invite that comes after all finds the call ended.
        #expect(try call.decide(.send(.phone, number: 2, .invite("bob"))).texts == ["accepted 2"])
        #expect(call.state.broadcast.isEmpty)
        #expect(try call.decide(.send(.laptop, number: 1, .ringing)).texts == ["rejected 1 not_found"])
    }

    @Test func anOldInviteIsExpiredAndRingsNobody() throws {
        var call = CallUnderTest()
        var invite = WireMessage.invite("bob")
        invite.invite.ageMs = 61_000
        try call.send(.phone, invite)
        #expect(call.kinds(.phone) == ["ended:expired"])
        #expect(call.kinds(.laptop) == [])
    }

    @Test func anInviteWithoutACalleeIsRefusedAndEnded() throws {
        var call = CallUnderTest()
        #expect(try call.send(.phone, .invite("")).texts == ["accepted 1", "refused 1 invalid_identifier"])
        #expect(call.state.isEnded)
    }

    @Test func nobodyCallsHimself() throws {
        var call = CallUnderTest()
        #expect(try call.send(.phone, .invite("alice")).texts == ["accepted 1", "refused 1 invalid_message"])
    }

    @Test func somethingElseDoesNotBeginACall() throws {
        var call = CallUnderTest()
        #expect(try call.decide(.send(.laptop, number: 1, .ringing)).texts == ["rejected 1 not_found"])
        #expect(try call.decide(.send(.phone, number: 2, .description("offer"))).texts == ["rejected 1 gap"])
        #expect(call.entries.isEmpty)
        #expect(try call.decide(.attach(.phone, cursor: 0)).texts == ["unknown"])
    }
}
