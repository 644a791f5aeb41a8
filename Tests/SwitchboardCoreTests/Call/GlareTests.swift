import SwitchboardProtocol
import SwitchboardTestKit
import Testing

@testable import SwitchboardCore

/// Two users, one call: decided by the row of the pair, as the store says.
@Suite struct GlareTests {
    static let other = ConversationID("0b9f6a52-7f53-4c0e-8d6a-3c1f2e9d7b40")!

    private static func holder(_ caller: String, accepted: Bool = false) -> PairHolder {
        PairHolder(
            conversation: other, caller: UserID(trusted: caller), media: PairMedia(audio: true, video: false),
            isAccepted: accepted)
    }

    private static func opened(by holder: PairHolder?) throws -> CallUnderTest {
        var call = CallUnderTest()
        call.context.holder = holder
        try call.send(.phone, .invite("bob"))
        return call
    }

    @Test func aFirstCallTakesTheRow() throws {
        let call = try Self.opened(by: nil)
        let key = PairKey(UserID(trusted: "bob"), UserID(trusted: "alice"))
        #expect(call.pair == .take(key, media: PairMedia(audio: true, video: true)))
        #expect(call.command == nil)
    }

    @Test func whoComesSecondIsToldToPickUpTheFirst() throws {
        var call = try Self.opened(by: Self.holder("bob"))
        #expect(call.kinds(.phone) == ["glare", "ended:glare"])
        let glare = try #require(call.state.queue(of: Origin.phone.address)[1]).message.glare
        #expect(glare.winner == Self.other.description)
        #expect(glare.caller == "bob")
        #expect(glare.media.audio && !glare.media.video)
        // Nobody rings for it, nobody is woken, the row stays the winner's.
        #expect(call.kinds(.laptop) == [])
        #expect(call.pair == nil && call.push == nil && call.command == nil)
        // What was sent behind the invite is accepted without effect.
        #expect(try call.send(.phone, .description("offer")).texts == ["accepted 2"])
    }

    @Test func nobodyIsToldGlareAboutHisOwnCall() throws {
        let call = try Self.opened(by: Self.holder("alice"))
        #expect(call.kinds(.laptop) == ["invite"])
        #expect(call.command == EndCommand(conversation: Self.other, reason: .cancelled))
        guard case .replace(_, let replaced, _)? = call.pair else {
            Issue.record("the row is not taken over")
            return
        }
        #expect(replaced == Self.other)
    }

    @Test(arguments: ["alice", "bob"]) func anInviteAfterThePickupReplacesTheCall(caller: String) throws {
        let call = try Self.opened(by: Self.holder(caller, accepted: true))
        #expect(call.kinds(.laptop) == ["invite"])
        #expect(call.command == EndCommand(conversation: Self.other, reason: .replaced))
    }

    @Test func aCallThatBeginsAndEndsInOneEntryLeavesNothing() throws {
        var call = CallUnderTest()
        call.context.holder = Self.holder("alice")
        try call.decide(call.input(.phone, .invite("bob")), call.input(.phone, .cancel))
        #expect(call.pair == nil && call.push == nil && call.command == nil)
    }

    @Test func anExpiredInviteTakesNoRow() throws {
        var call = CallUnderTest()
        var invite = WireMessage.invite("bob")
        invite.invite.ageMs = 61_000
        try call.send(.phone, invite)
        #expect(call.kinds(.phone) == ["ended:expired"])
        #expect(call.pair == nil && call.push == nil)
    }

    @Test func pickupAndEndAreWrittenIntoTheRow() throws {
        var call = try CallUnderTest.answered()
        let key = PairKey(UserID(trusted: "alice"), UserID(trusted: "bob"))
        #expect(call.pair == .accept(key))
        try call.send(.phone, .hangup)
        #expect(call.pair == .release(key))
    }

    @Test func theOlderCallEndsByCommand() throws {
        var ringing = try CallUnderTest.ringing()
        try ringing.decide(.endRequested(.cancelled))
        #expect(ringing.kinds(.laptop).last == "ended:cancelled")
        // Picked up meanwhile: it is replaced, whatever the command says.
        var answered = try CallUnderTest.answered()
        try answered.decide(.endRequested(.cancelled))
        #expect(answered.kinds(.laptop).last == "ended:replaced")
        #expect(try answered.decide(.endRequested(.replaced)).isEmpty)
    }

    @Test func anyDeviceMayAcceptWithoutALeg() throws {
        var call = try CallUnderTest.ringing()
        let watch = Origin.make("bob", "watch")
        #expect(try call.decide(.send(watch, number: 1, .accept)).texts == ["accepted 1"])
        #expect(call.state.selection?.calleeDevice == watch.address.device)
        #expect(call.kinds(watch) == ["invite", "offer", "selected"])
    }
}
