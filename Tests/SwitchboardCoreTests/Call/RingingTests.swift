import SwitchboardProtocol
import SwitchboardTestKit
import Testing

@testable import SwitchboardCore

@Suite struct RingingTests {
    @Test func theCallerHearsOnceThatItRings() throws {
        let call = try CallUnderTest.ringing()
        #expect(call.kinds(.phone) == ["ringing"])
        #expect(call.state.queue(of: Origin.phone.address)[1]?.fromDevice == "")
        #expect(call.state.phase == .ringing)
    }

    @Test func whatIsPreparedIsHeld() throws {
        var call = try CallUnderTest.ringing()
        try call.send(.phone, .candidates("of caller"))
        try call.send(.laptop, .description("answer"), .candidates("of laptop"))
        #expect(call.kinds(.phone) == ["ringing"])
        #expect(call.kinds(.laptop) == ["invite", "offer"])
        #expect(call.state.held.count == 3)
    }

    @Test func aDescriptionWithAnAddressIsRefused() throws {
        var call = try CallUnderTest.ringing()
        var leaking = WireMessage.description("answer")
        leaking.description_p.sdp += "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n"
        #expect(try call.send(.laptop, leaking).texts == ["accepted 2", "refused 2 candidates_in_offer"])
        var offer = WireMessage.description("offer", revision: 2)
        offer.description_p.sdp = "v=0\r\nc=IN IP4 192.0.2.1\r\n"
        #expect(try call.send(.phone, offer).texts == ["accepted 3", "refused 3 candidates_in_offer"])
        #expect(call.state.held.isEmpty)
    }

    @Test func aNewOfferMakesOlderAnswersVoid() throws {
        var call = try CallUnderTest.ringing()
        try call.send(.laptop, .description("answer", mark: "old"), .candidates("old"))
        try call.send(.phone, .description("offer", revision: 2, mark: "second"))
        #expect(call.state.held.isEmpty)
        // An answer that crossed with it is taken and dropped.
        #expect(try call.send(.tablet, .description("answer", mark: "crossed")).texts == ["accepted 2"])
        #expect(call.state.held.isEmpty)
        try call.send(.laptop, .description("answer", revision: 2, mark: "new"), .accept)
        #expect(call.marks(.phone) == ["new"])
        #expect(call.kinds(.tablet) == ["invite", "offer", "offer", "ended:answered_elsewhere", "elsewhere"])
    }

    @Test func aSecondAnswerToTheSameOfferTakesThePlaceOfTheFirst() throws {
        var call = try CallUnderTest.ringing()
        try call.send(.tablet, .description("answer", mark: "other"))
        try call.send(.laptop, .description("answer", mark: "first"), .candidates("a"))
        try call.send(.laptop, .description("answer", mark: "second"), .candidates("b"), .accept)
        // The caller has one peer connection, and can apply one answer to it.
        #expect(call.marks(.phone) == ["second", "b"])
    }

    @Test func aNewSessionMakesTheCallersCandidatesVoid() throws {
        var call = try CallUnderTest.ringing()
        try call.send(
            .phone, .candidates("first"), .description("offer", session: 2), .candidates("second", session: 2))
        try call.send(.phone, .candidates("late", session: 1))
        try call.send(.laptop, .accept)
        #expect(call.marks(.laptop).filter { $0 != "-" } == ["second"])
    }

    @Test func anOlderOfferIsRefused() throws {
        var call = try CallUnderTest.ringing()
        #expect(
            try call.send(.phone, .description("offer", session: 1, revision: 1)).texts
                == ["accepted 3", "refused 3 invalid_message"])
    }

    @Test func whatIsHeldIsBounded() throws {
        var call = try CallUnderTest.ringing()
        call.limits.maximumHeldItems = 2
        #expect(try call.send(.phone, .candidates("1"), .candidates("2")).texts == ["accepted 4"])
        #expect(try call.send(.phone, .candidates("3")).texts == ["accepted 5", "refused 5 call_limit"])
    }

    @Test func cancelEndsItForAll() throws {
        var call = try CallUnderTest.ringing()
        try call.send(.phone, .cancel)
        for device in [Origin.phone, .laptop, .tablet] {
            #expect(call.kinds(device).last == "ended:cancelled")
        }
        #expect(call.state.held.isEmpty)
    }

    @Test func rejectEndsItForAll() throws {
        var call = try CallUnderTest.ringing()
        try call.send(.tablet, .reject)
        #expect(call.kinds(.phone).last == "ended:declined")
        #expect(call.kinds(.tablet).last == "ended:declined")
        #expect(call.kinds(.laptop).last == "ended:declined_elsewhere")
        #expect(call.state.ending?.reason == "declined")
    }

    @Test func ignoreSilencesOneDevice() throws {
        var call = try CallUnderTest.ringing()
        try call.send(.tablet, .ignore)
        #expect(!call.state.isEnded)
        #expect(call.kinds(.tablet) == ["invite", "offer"])
        #expect(call.state.legs[Origin.tablet.address]?.state == .ignored)
    }

    @Test func theCallIsBusyWhenAllAre() throws {
        var call = try CallUnderTest.ringing()
        try call.send(.tablet, .busy)
        #expect(!call.state.isEnded)
        try call.send(.laptop, .busy)
        #expect(call.state.ending?.reason == "busy")
        #expect(call.kinds(.phone).last == "ended:busy")
    }

    @Test func nobodyPicksUp() throws {
        var call = try CallUnderTest.ringing()
        let deadline = try #require(call.state.deadlines[.ring])
        try call.decide(.deadlinePassed(deadline))
        #expect(call.kinds(.phone).last == "ended:no_answer")
        #expect(call.kinds(.laptop).last == "ended:no_answer")
        #expect(call.state.deadlines.isEmpty)
    }

    @Test func anInviteThatIsSentAgainByANewLifeIsTheSame() throws {
        var call = try CallUnderTest.ringing()
        let reborn = Origin.phone.again(counter: 2, outbox: "o2")
        #expect(try call.decide(.send(reborn, number: 1, .invite("bob"))).texts == ["accepted 1"])
        #expect(
            try call.decide(.send(reborn, number: 2, .invite("carol"))).texts
                == ["accepted 2", "refused 2 invalid_message"])
        #expect(call.kinds(.laptop) == ["invite", "offer"])
    }

    @Test func unknownKindsAreAcceptedWithoutEffect() throws {
        var call = try CallUnderTest.ringing()
        #expect(try call.send(.phone, WireMessage()).texts == ["accepted 3"])
        #expect(try call.send(.laptop, WireMessage()).texts == ["accepted 2"])
    }

    @Test func whatOnlyTheServerSaysIsRefused() throws {
        var call = try CallUnderTest.ringing()
        var forged = WireMessage()
        forged.ended.reason = "hangup"
        #expect(try call.send(.laptop, forged).texts == ["accepted 2", "refused 2 invalid_message"])
        #expect(!call.state.isEnded)
    }

    @Test func legsAreBounded() throws {
        var call = try CallUnderTest.ringing()
        call.limits.maximumLegs = 2
        #expect(
            try call.decide(.send(.make("bob", "third"), number: 1, .ringing)).texts
                == ["accepted 1", "refused 1 call_limit"])
        #expect(try call.decide(.attach(.make("bob", "fourth"), cursor: nil)).texts == ["unknown"])
    }
}
