import Testing

@testable import SwitchboardCore

@Suite struct TimerQueueTests {
    private func expect(_ timers: inout TimerQueue<String>, at now: Moment, _ expected: String?) {
        let key = timers.popDue(now)
        #expect(key == expected)
    }

    @Test func theEarliestComesFirstAndEqualTimesInOrder() {
        var timers = TimerQueue<String>()
        timers.schedule("late", at: Moment(.seconds(3)))
        timers.schedule("first", at: Moment(.seconds(1)))
        timers.schedule("second", at: Moment(.seconds(1)))
        #expect(timers.nextDue == Moment(.seconds(1)))
        expect(&timers, at: Moment(.milliseconds(999)), nil)
        expect(&timers, at: Moment(.seconds(1)), "first")
        expect(&timers, at: Moment(.seconds(1)), "second")
        expect(&timers, at: Moment(.seconds(1)), nil)
        expect(&timers, at: Moment(.seconds(9)), "late")
        #expect(timers.nextDue == nil)
    }

    @Test func millisecondsOfTheWireAreBounded() {
        #expect(Duration(wireMilliseconds: 1500) == .milliseconds(1500))
        #expect(Duration(wireMilliseconds: -5) == .zero)
        #expect(Duration(wireMilliseconds: .nan) == .zero)
        #expect(Duration(wireMilliseconds: .infinity) == .zero)
        #expect(Duration(wireMilliseconds: 1e300) == .seconds(31_536_000))
    }
}
