import NIOCore
import Testing

@testable import SwitchboardTransport

@Suite("Parts of the WebSocket front (pure)")
struct WebSocketPartsTests {
    private func time(_ milliseconds: Int64) -> NIODeadline {
        .uptimeNanoseconds(1_000_000_000_000) + .milliseconds(milliseconds)
    }

    @Test("A bucket lets a burst pass, then its rate")
    func bucket() {
        var bucket = TokenBucket(perSecond: 10, burst: 5, now: time(0))
        bucket.take(5, now: time(0))
        #expect(bucket.delay(now: time(0)) == nil)
        bucket.take(1, now: time(0))
        #expect(bucket.delay(now: time(0)) == .milliseconds(100))
        #expect(bucket.delay(now: time(100)) == nil)
    }

    @Test("Debt is bounded by a burst, and so is what is saved up")
    func bucketBounds() {
        var bucket = TokenBucket(perSecond: 10, burst: 5, now: time(0))
        bucket.take(10_000, now: time(0))
        #expect(bucket.delay(now: time(0)) == .milliseconds(500))
        #expect(bucket.delay(now: time(60_000)) == nil)
        bucket.take(6, now: time(60_000))
        #expect(bucket.delay(now: time(60_000)) == .milliseconds(100))
    }

    @Test("Two pings may be missed, a third interval closes; a sign of life starts anew; a pause does not count")
    func pings() {
        var pings = PingSchedule(maxMissed: 2)
        #expect(pings.intervalElapsed(isReading: true) == .ping)
        #expect(pings.intervalElapsed(isReading: true) == .ping)
        pings.signOfLifeReceived()
        #expect(pings.intervalElapsed(isReading: true) == .ping)
        #expect(pings.intervalElapsed(isReading: true) == .ping)
        #expect(pings.intervalElapsed(isReading: false) == .ping)
        #expect(pings.intervalElapsed(isReading: true) == .ping)
        #expect(pings.intervalElapsed(isReading: true) == .ping)
        #expect(pings.intervalElapsed(isReading: true) == .close)
    }

    @Test("The assembler keeps the kind of the first fragment")
    func assembler() throws {
        var assembler = MessageAssembler(maxBytes: 10, maxFragments: 3)
        #expect(try assembler.frameReceived(kind: .binary, isFinal: false, payload: .init(bytes: [1])) == nil)
        #expect(try assembler.frameReceived(kind: nil, isFinal: false, payload: .init(bytes: [2])) == nil)
        let message = try assembler.frameReceived(kind: nil, isFinal: true, payload: .init(bytes: [3]))
        #expect(message?.kind == .binary)
        #expect(message?.bytes == [1, 2, 3])
        let next = try assembler.frameReceived(kind: .text, isFinal: true, payload: .init(bytes: [4]))
        #expect(next?.bytes == [4])
    }
}
