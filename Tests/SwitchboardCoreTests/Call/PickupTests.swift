import SwitchboardProtocol
import SwitchboardTestKit
import Testing

@testable import SwitchboardCore

@Suite struct PickupTests {
    @Test func bothAreToldBeforeAnythingIsReleasedAndInOrder() throws {
        var call = try CallUnderTest.ringing()
        try call.send(.phone, .candidates("a1"), .candidates("a2"))
        try call.send(.laptop, .description("answer", mark: "answer"), .candidates("b1"), .candidates("b2"))
        try call.send(.tablet, .description("answer", mark: "tablet"), .candidates("t1"))
        #expect(try call.send(.laptop, .accept).texts == ["accepted 5"])
        #expect(call.kinds(.laptop) == ["invite", "offer", "selected", "candidates", "candidates"])
        #expect(call.marks(.laptop) == ["-", "a1", "a2"])
        #expect(call.kinds(.phone) == ["ringing", "selected", "answer", "candidates", "candidates"])
        #expect(call.marks(.phone) == ["answer", "b1", "b2"])
        #expect(call.kinds(.tablet) == ["invite", "offer", "ended:answered_elsewhere", "elsewhere"])
        #expect(call.state.held.isEmpty)
        #expect(Set(call.state.deadlines.keys) == [.connect])
    }

    @Test func bothLearnTheDevices() throws {
        let call = try CallUnderTest.answered()
        let selected = try #require(call.state.queue(of: Origin.phone.address)[2]).message.selected
        #expect(selected.user == "bob")
        #expect(selected.device == "laptop")
        #expect(selected.callerDevice == "phone")
        #expect(selected.media.video)
        #expect(call.state.queue(of: Origin.phone.address)[3]?.fromDevice == "laptop")
    }

    @Test func theCalleeMayChooseLess() throws {
        var call = try CallUnderTest.ringing()
        var accept = WireMessage.accept
        accept.accept.media.audio = true
        try call.send(.laptop, accept)
        #expect(call.state.selection?.media.video == false)
    }

    @Test func theFirstOfTwoAcceptsWins() throws {
        var call = try CallUnderTest.ringing()
        let inputs = [call.input(.tablet, .accept), call.input(.laptop, .accept)]
        #expect(try call.decide(inputs).texts == ["accepted 2", "accepted 2"])
        #expect(call.state.isSelected(Origin.tablet.address))
        #expect(call.kinds(.laptop) == ["invite", "offer", "ended:answered_elsewhere", "elsewhere"])
        #expect(call.kinds(.tablet).last == "selected")
    }

    @Test func acceptIsLegalWithNothingPreparedAndWithoutALeg() throws {
        var call = CallUnderTest()
        try call.send(.phone, .invite("bob"), .description("offer"))
        try call.decide(.send(.tablet, number: 1, .accept))
        #expect(call.kinds(.tablet) == ["invite", "offer", "selected"])
        #expect(call.kinds(.phone) == ["selected"])
        try call.decide(.send(.tablet, number: 2, .description("answer")))
        #expect(call.kinds(.phone) == ["selected", "answer"])
    }

    @Test func acceptAfterTheEndHearsTheEnd() throws {
        var call = try CallUnderTest.ringing()
        let inputs = [call.input(.phone, .cancel), call.input(.laptop, .accept)]
        #expect(try call.decide(inputs).texts == ["accepted 3", "accepted 2"])
        #expect(call.kinds(.laptop).last == "ended:cancelled")
        #expect(call.state.selection == nil)
    }

    @Test func aCancelThatCrossesWithTheAcceptHangsUp() throws {
        var call = try CallUnderTest.ringing()
        try call.decide([call.input(.laptop, .accept), call.input(.phone, .cancel)])
        #expect(call.kinds(.laptop).suffix(2) == ["selected", "ended:hangup"])
        #expect(call.kinds(.phone).suffix(2) == ["selected", "ended:hangup"])
    }
}

@Suite struct AfterPickupTests {
    @Test func theSelectedDevicesSpeakFreely() throws {
        var call = try CallUnderTest.answered()
        try call.send(.phone, .info("a"), .candidates("b"), .description("offer", session: 1, revision: 2, mark: "c"))
        try call.send(.laptop, .info("d"))
        #expect(call.marks(.laptop).suffix(3) == ["a", "b", "c"])
        #expect(call.marks(.phone).last == "d")
        #expect(call.state.queue(of: Origin.laptop.address).pending.last?.fromDevice == "phone")
    }

    @Test func othersHaveNoPart() throws {
        var call = try CallUnderTest.answered()
        #expect(try call.send(.tablet, .info("x")).texts == ["accepted 2", "refused 2 not_selected"])
        #expect(try call.send(.tablet, .hangup).texts == ["accepted 3", "refused 3 not_selected"])
        #expect(
            try call.decide(.send(.make("alice", "watch"), number: 1, .hangup)).texts
                == ["accepted 1", "refused 1 not_selected"])
        #expect(!call.state.isEnded)
    }

    @Test func aRejectOfAnotherDeviceDoesNotEndIt() throws {
        var call = try CallUnderTest.answered()
        #expect(try call.send(.tablet, .reject).texts == ["accepted 2"])
        #expect(!call.state.isEnded)
        #expect(call.kinds(.tablet).filter { $0 == "ended:answered_elsewhere" }.count == 1)
    }

    @Test func anAcceptThatComesLateHearsWhy() throws {
        var call = try CallUnderTest.answered()
        let late = Origin.make("bob", "watch")
        #expect(try call.decide(.send(late, number: 1, .accept)).texts == ["accepted 1"])
        #expect(call.kinds(late).suffix(2) == ["ended:answered_elsewhere", "elsewhere"])
    }

    @Test func theFirstConnectedMakesItActive() throws {
        var call = try CallUnderTest.answered()
        try call.send(.laptop, .connected)
        #expect(call.state.phase == .active)
        #expect(call.state.deadlines.isEmpty)
        try call.send(.phone, .connected)
        #expect(call.kinds(.laptop).last == "connected")
        #expect(call.kinds(.phone).last == "connected")
    }

    @Test func noMediaInTime() throws {
        var call = try CallUnderTest.answered()
        let deadline = try #require(call.state.deadlines[.connect])
        try call.decide(.deadlinePassed(deadline))
        #expect(call.kinds(.phone).last == "ended:connect_failed")
        #expect(call.kinds(.laptop).last == "ended:connect_failed")
        #expect(call.kinds(.tablet).suffix(3) == ["ended:answered_elsewhere", "elsewhere", "elsewhere"])
    }

    @Test func aDeadlineThatIsOverDoesNothing() throws {
        var call = try CallUnderTest.ringing()
        let ring = try #require(call.state.deadlines[.ring])
        try call.send(.laptop, .accept)
        #expect(try call.decide(.deadlinePassed(ring)).isEmpty)
        #expect(!call.state.isEnded)
    }

    @Test func hangupMayNameItsReason() throws {
        for (named, given) in [
            ("media_lost", "media_lost"), ("", "hangup"), ("glare", "hangup"), ("nonsense", "hangup"),
        ] {
            var call = try CallUnderTest.answered()
            var hangup = WireMessage.hangup
            hangup.hangup.reason = named
            try call.send(.phone, hangup)
            #expect(call.kinds(.laptop).last == "ended:\(given)")
        }
    }
}
