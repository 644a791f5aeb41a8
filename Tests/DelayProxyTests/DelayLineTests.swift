import Testing

@testable import DelayProxy

@Suite("Delay line")
struct DelayLineTests {
    @Test("things leave when they are due, in their order")
    func order() {
        var line = DelayLine<String>(capacity: 100)
        line.append("first", cost: 1, due: 10)
        line.append("second", cost: 1, due: 20)
        #expect(line.nextDue == 10)
        #expect(line.take(at: 9).isEmpty)
        #expect(line.take(at: 15).map(\.item) == ["first"])
        #expect(line.take(at: 20).map(\.item) == ["second"])
        #expect(line.nextDue == nil)
    }

    @Test("nothing overtakes, though its delay is shorter")
    func noOvertaking() {
        var line = DelayLine<String>(capacity: 100)
        line.append("slow", cost: 1, due: 50)
        line.append("fast", cost: 1, due: 20)
        #expect(line.take(at: 30).isEmpty)
        #expect(line.take(at: 50).map(\.item) == ["slow", "fast"])
    }

    @Test("it is full at its capacity, and has room again at half of it, when bytes have left for good")
    func bounds() {
        var line = DelayLine<Int>(capacity: 100)
        line.append(1, cost: 60, due: 1)
        #expect(!line.isFull)
        line.append(2, cost: 60, due: 1)
        #expect(line.isFull)
        #expect(line.take(at: 1).count == 2)
        #expect(line.isFull)
        line.passedOn(60)
        #expect(!line.isFull && !line.hasRoom)
        line.passedOn(60)
        #expect(line.hasRoom)
    }
}
