import SwiftProtobuf
import SwitchboardProtocol
import SwitchboardTestKit
import Testing

@testable import SwitchboardCore

@Suite struct HandoverTests {
    static let pad = Origin.make("alice", "pad")

    /// Alice's phone talks to Bob's laptop; her pad watches.
    private static func talking() throws -> CallUnderTest {
        var call = try CallUnderTest.answered()
        try call.send(.laptop, .connected)
        try call.decide(.attach(pad, cursor: nil))
        return call
    }

    private static func handover(_ origin: Origin = pad) throws -> CallUnderTest {
        var call = try talking()
        try call.send(origin, .with { $0.handover.media.audio = true })
        return call
    }

    @Test func theOtherDevicesOfBothHearOfTheCall() throws {
        let call = try Self.talking()
        // Who has nothing of the call learns it by a snapshot; a leg was told more already.
        #expect(call.state.watchers == [Self.pad.address])
        let tablet = try #require(call.state.queue(of: Origin.tablet.address)[4]).message.elsewhere
        #expect(tablet.device == "laptop" && tablet.active)
    }

    @Test func whoWatchesHearsTheEnd() throws {
        var call = try Self.talking()
        try call.send(.phone, .hangup)
        #expect(call.kinds(Self.pad) == ["elsewhere"])
        #expect(call.state.queue(of: Self.pad.address)[1]?.message.elsewhere.active == false)
        #expect(call.kinds(.tablet).suffix(3) == ["ended:answered_elsewhere", "elsewhere", "elsewhere"])
        #expect(call.kinds(.laptop).last == "ended:hangup")
    }

    @Test func thePeerIsToldAndTheOldDeviceIsNot() throws {
        let call = try Self.handover()
        #expect(call.kinds(.laptop).last == "handover")
        #expect(call.kinds(.phone).contains("handover") == false)
        #expect(call.state.deadlines[.handover]?.duration == .seconds(30))
        #expect(call.state.isSelected(Origin.phone.address))
    }

    @Test func theNewConnectionIsToldFromTheOldByItsSession() throws {
        var call = try Self.handover()
        #expect(
            try call.send(Self.pad, .description("offer", session: 1)).texts == ["accepted 2", "refused 2 wrong_state"]
        )
        try call.send(Self.pad, .description("offer", session: 2, mark: "pad"), .candidates("p", session: 2))
        #expect(call.marks(.laptop).suffix(2) == ["pad", "p"])
        try call.send(.laptop, .description("answer", session: 2, mark: "two"), .candidates("l", session: 2))
        #expect(call.marks(Self.pad) == ["two", "l"])
        // The old connection goes on meanwhile.
        try call.send(.laptop, .candidates("old", session: 1))
        #expect(call.marks(.phone).last == "old")
    }

    @Test func itMovesWhenBothEndsAreConnected() throws {
        var call = try Self.handover()
        try call.send(Self.pad, .description("offer", session: 2))
        try call.send(.laptop, .description("answer", session: 2), .with { $0.connected.session = 2 })
        #expect(call.state.isSelected(Origin.phone.address))
        try call.send(Self.pad, .with { $0.connected.session = 2 })
        #expect(call.state.callerDevice == Self.pad.address)
        #expect(call.state.handover == nil && call.state.deadlines.isEmpty)
        // The old device is now one of those who may take it over.
        #expect(call.kinds(.phone).suffix(2) == ["ended:replaced", "elsewhere"])
        for device in [Self.pad, .laptop] {
            let selected = try #require(call.state.queue(of: device.address).pending.last?.message.selected)
            #expect(selected.callerDevice == "pad" && selected.device == "laptop" && selected.session == 2)
        }
        // From now on the two speak to each other, and the old device has no part.
        try call.send(Self.pad, .info("hello"))
        #expect(call.marks(.laptop).last == "hello")
        #expect(try call.send(.phone, .info("still here?")).texts.last == "refused 3 not_selected")
        try call.send(.laptop, .hangup)
        #expect(call.kinds(Self.pad).last == "ended:hangup")
        #expect(call.kinds(.phone).suffix(3) == ["ended:replaced", "elsewhere", "elsewhere"])
    }

    @Test func aDeviceOfTheCalleeMayTakeItToo() throws {
        var call = try Self.handover(.tablet)
        try call.send(.tablet, .description("offer", session: 5), .with { $0.connected.session = 5 })
        try call.send(.phone, .description("answer", session: 5), .with { $0.connected.session = 5 })
        #expect(call.state.calleeDevice == Origin.tablet.address)
        #expect(call.state.legs[Origin.tablet.address]?.state == .selected)
        #expect(call.state.legs[Origin.laptop.address]?.reason == "replaced")
        #expect(call.kinds(.laptop).suffix(2) == ["ended:replaced", "elsewhere"])
        // And back: whoever has it once is told like everybody else.
        try call.send(.laptop, .with { $0.handover.media.audio = true }, .description("offer", session: 6))
        try call.send(.laptop, .with { $0.connected.session = 6 })
        try call.send(.phone, .with { $0.connected.session = 6 })
        #expect(call.kinds(.tablet).suffix(2) == ["ended:replaced", "elsewhere"])
        try call.send(.phone, .hangup)
        #expect(call.kinds(.tablet).suffix(3) == ["ended:replaced", "elsewhere", "elsewhere"])
        #expect(call.kinds(.laptop).suffix(2) == ["selected", "ended:hangup"])
    }

    @Test func whoTakesItOverIsNotToldThatItWasAnsweredElsewhere() throws {
        // A device of the callee that has had no leg: it knows of the call from its user's other devices.
        let watch = Origin.make("bob", "watch")
        var call = try Self.handover(watch)
        try call.decide(.attach(watch.again(counter: 2), cursor: 0))
        #expect(call.kinds(watch) == [])
        try call.decide(.devicesFound([watch.address]))
        #expect(call.kinds(watch) == [])
        // It thinks better of it, and something that it had sent before comes late: it was told already.
        try call.send(watch, .cancel, .ringing)
        #expect(call.kinds(watch) == ["ended:cancelled"])
        try call.send(.phone, .hangup)
        #expect(call.kinds(watch) == ["ended:cancelled", "elsewhere"])
    }

    @Test func inTimeOrNotAtAll() throws {
        var call = try Self.handover()
        let deadline = try #require(call.state.deadlines[.handover])
        try call.decide(.deadlinePassed(deadline))
        #expect(call.kinds(Self.pad).last == "ended:connect_failed")
        let told = try #require(call.state.queue(of: Origin.laptop.address).pending.last?.message.handover)
        #expect(told.cancelled && told.device == "pad")
        #expect(call.state.handover == nil && !call.state.isEnded)
        // And once more.
        try call.send(Self.pad, .with { $0.handover = WireHandover() })
        #expect(call.state.handover?.device == Self.pad.address)
    }

    @Test func oneAtATime() throws {
        var call = try Self.handover()
        #expect(
            try call.send(.tablet, .with { $0.handover = WireHandover() }).texts.last == "refused 2 wrong_state")
    }

    @Test func theCallsEndEndsIt() throws {
        var call = try Self.handover()
        try call.send(.laptop, .hangup)
        #expect(call.kinds(Self.pad).last == "ended:hangup")
    }

    @Test func anOlderClusterDoesWithout() throws {
        var call = try CallUnderTest.answered()
        call.context.featureLevel = 1
        #expect(
            try call.send(Self.pad, .with { $0.handover = WireHandover() }).texts
                == ["accepted 1", "refused 1 wrong_state"])
        #expect(try call.decide(.attach(.make("alice", "watch"), cursor: nil)).texts == ["unknown"])
    }
}
