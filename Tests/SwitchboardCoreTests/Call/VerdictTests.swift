import SwitchboardProtocol
import SwitchboardTestKit
import Testing

@testable import SwitchboardCore

/// What the policy said of an invite.
@Suite struct VerdictTests {
    private static func opened(_ verdict: CallVerdict) throws -> CallUnderTest {
        var call = CallUnderTest()
        try call.decide(call.input(.phone, .invite("bob"), verdict: verdict))
        return call
    }

    @Test func refusedIsAnEndLikeOthers() throws {
        var call = try Self.opened(.refused)
        #expect(call.kinds(.phone) == ["ended:not_allowed"])
        #expect(call.kinds(.laptop) == [])
        #expect(call.pair == nil && call.push == nil)
        #expect(try call.decide(.attach(.laptop, cursor: nil)).texts == ["unknown"])
    }

    @Test func silentLooksAsIfNobodyAnswered() throws {
        var call = try Self.opened(.silent)
        #expect(call.kinds(.phone) == ["ringing"])
        #expect(call.kinds(.laptop) == [])
        #expect(call.pair == nil && call.push == nil)
        // The callee does not exist for it.
        #expect(try call.decide(.attach(.laptop, cursor: nil)).texts == ["unknown"])
        #expect(try call.decide(.attach(.laptop, cursor: 0)).texts == ["unknown"])
        #expect(try call.decide(.send(.laptop, number: 1, .accept)).texts == ["rejected 1 not_found"])
        try call.send(.phone, .description("offer"), .candidates("a"))
        let deadline = try #require(call.state.deadlines[.ring])
        try call.decide(.deadlinePassed(deadline))
        #expect(call.kinds(.phone) == ["ringing", "ended:no_answer"])
        #expect(call.pair == nil)
    }

    @Test func silentMayBeCancelledLikeAnyCall() throws {
        var call = try Self.opened(.silent)
        try call.send(.phone, .cancel)
        #expect(call.kinds(.phone) == ["ringing", "ended:cancelled"])
    }

    @Test func atTheFirstLevelSilentIsRefused() throws {
        var call = CallUnderTest()
        call.context.featureLevel = 1
        try call.decide(.send(.phone, number: 1, .invite("bob"), verdict: .silent))
        #expect(call.kinds(.phone) == ["ended:not_allowed"])
    }
}
