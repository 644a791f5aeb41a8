import SwitchboardProtocol
import SwitchboardTestKit
import Testing

@testable import SwitchboardCore

/// Devices that come and go, pushes, and the deadlines that judge them.
@Suite struct ReachingTests {
    private static func passed(_ kind: DeadlineKind, _ call: inout CallUnderTest) throws {
        let deadline = try #require(call.state.deadlines[kind])
        try call.decide(.deadlinePassed(deadline))
    }

    @Test func nobodyThereAndNobodyWoken() throws {
        var call = CallUnderTest()
        try call.send(.phone, .invite("bob"))
        try Self.passed(.reach, &call)
        #expect(call.kinds(.phone) == ["ended:unreachable"])
        #expect(call.push == .cancel(.unreachable))
    }

    @Test func aPushThatWasTakenIsWaitedFor() throws {
        var call = CallUnderTest()
        try call.send(.phone, .invite("bob"))
        try call.decide(.pushAnswered(endpoint: "e1", .refused), .pushAnswered(endpoint: "e2", .taken))
        try Self.passed(.reach, &call)
        #expect(!call.state.isEnded)
        try Self.passed(.ring, &call)
        #expect(call.kinds(.phone) == ["ended:no_answer"])
    }

    @Test func busyWaitsForThoseWhoMayBeWoken() throws {
        var call = CallUnderTest()
        try call.send(.phone, .invite("bob"))
        call.context.pushesWaiting = 1
        try call.send(.laptop, .busy)
        #expect(!call.state.isEnded)
        call.context.pushesWaiting = 0
        try call.decide(.pushAnswered(endpoint: "e1", .refused))
        #expect(call.kinds(.phone).last == "ended:busy")
    }

    @Test func busyCountsThoseWhoAreThere() throws {
        var call = try CallUnderTest.ringing()
        call.context.away = [Origin.tablet.address]
        try call.send(.laptop, .busy)
        #expect(!call.state.isEnded)  // it may come back
        try Self.passed(.reach, &call)
        #expect(call.kinds(.phone).last == "ended:busy")
    }

    @Test func aCallerWhoIsLostCancels() throws {
        var call = try CallUnderTest.ringing()
        call.context.away = [Origin.phone.address]
        try call.decide(.devicesLeft)
        #expect(call.state.deadlines[.callerLost]?.duration == .seconds(20))
        // Said again, it does not begin anew.
        #expect(try call.decide(.devicesLeft).isEmpty)
        let since = call.state.deadlines[.callerLost]?.since
        #expect(since == call.index)
        try Self.passed(.callerLost, &call)
        let ended = try #require(call.state.queue(of: Origin.laptop.address).pending.last?.message.ended)
        #expect(ended.reason == "cancelled" && ended.detail == "caller_lost")
    }

    @Test func aCallerWhoComesBackGoesOn() throws {
        var call = try CallUnderTest.ringing()
        call.context.away = [Origin.phone.address]
        try call.decide(.devicesLeft)
        try call.decide(.attach(.phone, cursor: 1))
        #expect(call.state.deadlines[.callerLost] == nil)
    }

    @Test func aLostSocketNeverEndsACall() throws {
        var call = try CallUnderTest.answered()
        call.context.away = [Origin.phone.address]
        try call.decide(.devicesLeft)
        #expect(Set(call.state.deadlines.keys) == [.connect])
        call.context.away = [Origin.phone.address, Origin.laptop.address]
        try call.decide(.devicesLeft)
        #expect(call.state.deadlines[.signalLost]?.duration == .seconds(600))
        try call.decide(.attach(.laptop, cursor: 3))
        #expect(call.state.deadlines[.signalLost] == nil)
        try call.decide(.devicesLeft)
        try Self.passed(.signalLost, &call)
        #expect(call.kinds(.phone).last == "ended:signal_lost")
    }

    @Test func theCalleeIsPushedAtTheInviteAndTheWokenAreToldOfTheEnd() throws {
        var call = CallUnderTest()
        try call.send(.phone, .invite("bob"))
        #expect(
            call.push
                == .invite(
                    user: UserID(trusted: "bob"), caller: UserID(trusted: "alice"),
                    media: PairMedia(audio: true, video: true), expiresIn: .seconds(60)))
        try call.send(.laptop, .ringing)
        #expect(call.push == nil)
        try call.send(.laptop, .accept)
        #expect(call.push == .cancel(.answeredElsewhere))
        try call.send(.laptop, .hangup)
        #expect(call.push == nil)
    }

    @Test func whereNoPushWasMadeNoneIsTakenBack() throws {
        var call = try CallUnderTest.ringing()
        call.context.mayHavePushed = false
        try call.send(.phone, .cancel)
        #expect(call.push == nil)
    }

    @Test func aWokenDeviceThatComesTooLateHearsWhy() throws {
        var cancelled = try CallUnderTest.ringing()
        try cancelled.send(.phone, .cancel)
        let woken = Origin.make("bob", "woken")
        // It names the call and knows nothing of it: the whole short story, of which nothing rings.
        #expect(try cancelled.decide(.attach(woken, cursor: 0)).texts == ["attached 0"])
        #expect(cancelled.kinds(woken).last == "ended:cancelled")
        var answered = try CallUnderTest.answered()
        #expect(try answered.decide(.attach(woken, cursor: 0)).texts == ["attached 0"])
        #expect(answered.kinds(woken).suffix(2) == ["ended:answered_elsewhere", "elsewhere"])
    }

    @Test func atTheFirstLevelOnlyOldDeadlinesAreWritten() throws {
        var call = CallUnderTest()
        call.context.featureLevel = 1
        try call.send(.phone, .invite("bob"))
        #expect(Set(call.state.deadlines.keys) == [.ring])
        #expect(call.entries.last?.facts.allSatisfy { $0.requiredLevel == 1 } == true)
        call.context.away = [Origin.phone.address]
        try call.decide(.devicesLeft)
        #expect(Set(call.state.deadlines.keys) == [.ring])
    }
}
