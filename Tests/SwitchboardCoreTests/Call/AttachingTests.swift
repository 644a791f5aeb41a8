import SwitchboardProtocol
import SwitchboardTestKit
import Testing

@testable import SwitchboardCore

@Suite struct AttachingTests {
    @Test func aDeviceGoesOnFromItsCursor() throws {
        var call = try CallUnderTest.answered()
        #expect(try call.decide(.attach(.laptop, cursor: 2)).texts == ["attached 2"])
        #expect(try call.decide(.attach(.phone, cursor: 0)).texts == ["attached 0"])
    }

    @Test func aCursorFromAnotherLifeGetsASnapshot() throws {
        var call = try CallUnderTest.answered()
        let last = call.state.queue(of: Origin.laptop.address).last
        #expect(try call.decide(.attach(.laptop, cursor: 99)).texts == ["attached \(last) snapshot"])
        #expect(try call.decide(.attach(.laptop, cursor: nil)).texts == ["attached \(last) snapshot"])
    }

    @Test func aCursorBelowWhatMemoryHoldsGetsASnapshot() throws {
        var call = try CallUnderTest.answered()
        call.state.queues[Origin.laptop.address]?.trim(acknowledged: 2, keeping: 0)
        #expect(try call.decide(.attach(.laptop, cursor: 1)).texts == ["attached 3 snapshot"])
        #expect(try call.decide(.attach(.laptop, cursor: 2)).texts == ["attached 2"])
    }

    @Test func aLateDeviceRings() throws {
        var call = try CallUnderTest.ringing()
        let watch = Origin.make("bob", "watch")
        #expect(try call.decide(.attach(watch, cursor: nil)).texts == ["attached 0"])
        #expect(call.state.legs[watch.address]?.state == .notified)
        #expect(call.kinds(watch) == ["invite", "offer"])
    }

    @Test func aPageThatWasReloadedRingsAgain() throws {
        var call = try CallUnderTest.ringing()
        try call.send(.phone, .description("offer", revision: 2, mark: "newest"))
        #expect(try call.decide(.attach(.laptop, cursor: nil)).texts == ["attached 3 snapshot"])
        #expect(call.kinds(.laptop) == ["invite", "offer", "offer", "invite", "offer"])
        #expect(call.marks(.laptop).last == "newest")
        #expect(call.kinds(.tablet) == ["invite", "offer", "offer"])
    }

    @Test func whatAPageHadPreparedIsGoneWithIt() throws {
        var call = try CallUnderTest.ringing()
        try call.send(.laptop, .description("answer", mark: "dead"), .candidates("dead"))
        try call.decide(.attach(.laptop, cursor: nil))
        try call.send(.laptop, .accept)
        #expect(call.marks(.phone) == [])
    }

    @Test func afterPickupOnlyThoseWhoWereToldHearOfIt() throws {
        var call = try CallUnderTest.answered()
        let told = Origin.make("bob", "watch")
        #expect(try call.decide(.attach(told, cursor: 1)).texts == ["attached 1"])
        #expect(call.kinds(told).suffix(2) == ["ended:answered_elsewhere", "elsewhere"])
        // One that is there now and knows nothing only learns that the call goes on elsewhere.
        let new = Origin.make("bob", "new")
        #expect(try call.decide(.attach(new, cursor: nil)).texts == ["attached 0 snapshot"])
        #expect(call.kinds(new) == [])
    }

    @Test func whoWasToldOfAnEndedCallHearsHowItEnded() throws {
        var call = try CallUnderTest.ringing()
        try call.send(.phone, .cancel)
        #expect(try call.decide(.attach(.laptop, cursor: 2)).texts == ["attached 2"])
        let rung = Origin.make("bob", "watch")
        #expect(try call.decide(.attach(rung, cursor: 2)).texts == ["attached 2"])
        #expect(try call.decide(.attach(.make("bob", "new"), cursor: nil)).texts == ["unknown"])
        #expect(try call.decide(.attach(.phone, cursor: 0)).texts == ["attached 0"])
    }

    @Test func devicesFoundAfterPickupAreToldWhy() throws {
        var call = try CallUnderTest.answered()
        let watch = Origin.make("bob", "watch")
        try call.decide(.devicesFound([watch.address]))
        #expect(call.kinds(watch) == ["invite", "offer", "ended:answered_elsewhere", "elsewhere"])
    }
}
