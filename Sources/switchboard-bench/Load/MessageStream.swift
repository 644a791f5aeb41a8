import NIOCore
import SwitchboardClient
import SwitchboardProbe
import SwitchboardProtocol

/// An established call over which both sides send as a load says.
///
/// All state belongs to the event loop of the two devices: `@unchecked Sendable` holds because every method enters it.
final class MessageStream: @unchecked Sendable {
    enum Load: Sendable {
        /// Each side keeps so many sends unaccepted: as much as the cluster takes.
        case window(Int)
        /// Each side sends one message in each interval, the first at a random time of it, whatever becomes of the
        /// others: an interval that was missed is made up for.
        case paced(TimeAmount)
        case none
    }

    /// Timers that are closer together cost more than they give.
    private static let shortestPause: TimeAmount = .milliseconds(1)
    /// Where a cluster that cannot keep up makes a paced side wait, below every server's limit of an outbox.
    private static let pacedLimit = 48

    private let call: ConversationID
    private let eventLoop: any EventLoop
    private let counters: LoadCounters
    private var flows: [MessageFlow]
    private var measurements = Measurements()
    private var isMeasuring = false
    private var load: Load = .none
    private var pacing: RepeatedTask?
    /// When each side of a paced load sends next.
    private var due = NIODeadline.now()
    private var settled: EventLoopPromise<Void>?
    private var isBroken = false

    /// On the event loop of both devices.
    init(call: ConversationID, caller: ProbeDevice, callee: ProbeDevice, counters: LoadCounters) {
        self.call = call
        self.counters = counters
        eventLoop = caller.driver.eventLoop
        flows = [MessageFlow(sender: caller), MessageFlow(sender: callee)]
        caller.listen(to: call) { [weak self] in self?.happened($0, side: 0) }
        callee.listen(to: call) { [weak self] in self?.happened($0, side: 1) }
    }

    func setLoad(_ load: Load) {
        eventLoop.execute { self.begin(load) }
    }

    /// From now on latencies count.
    func startMeasuring() {
        eventLoop.execute { self.isMeasuring = true }
    }

    /// Stops sending and waits until all that was sent has arrived.
    ///
    /// - Throws: `BenchError.incomplete` if it does not.
    func settle(within limit: TimeAmount) async throws -> Measurements {
        let promise = eventLoop.makePromise(of: Void.self)
        eventLoop.execute {
            self.begin(.none)
            self.settled = promise
            self.checkSettled()
            let unsettled = BenchError.incomplete(
                "not all that was sent arrived within \(limit.nanoseconds / 1_000_000_000) s")
            self.eventLoop.scheduleTask(in: limit) { promise.fail(unsettled) }
        }
        try await promise.futureResult.get()
        return try await eventLoop.submit { self.measurements }.get()
    }

    /// Ends the call.
    func hangUp() {
        eventLoop.execute {
            var hangup = WireMessage()
            hangup.hangup.reason = EndReason.hangup.rawValue
            // A stream that cannot send any more has failed before.
            _ = try? self.flows[0].sender.driver.send(hangup, in: self.call)
        }
    }

    // MARK: - Steps

    private func begin(_ load: Load) {
        pacing?.cancel()
        pacing = nil
        self.load = load
        switch load {
        case .none: break
        case .window: for side in flows.indices { fill(side) }
        case .paced(let interval):
            let phase = TimeAmount.nanoseconds(Int64.random(in: 0...interval.nanoseconds))
            due = .now() + phase
            pacing = eventLoop.scheduleRepeatedTask(
                initialDelay: phase, delay: max(interval, Self.shortestPause)
            ) { _ in self.sendDue(every: interval) }
        }
    }

    private func sendDue(every interval: TimeAmount) {
        while due <= .now() {
            for side in flows.indices where flows[side].unaccepted < Self.pacedLimit { send(side) }
            due = due + interval
        }
    }

    private func fill(_ side: Int) {
        guard case .window(let size) = load else { return }
        while flows[side].unaccepted < size, !isBroken { send(side) }
    }

    private func send(_ side: Int) {
        guard !isBroken else { return }
        do {
            try flows[side].send(in: call)
        } catch {
            fail("cannot send: \(error)")
        }
    }

    private func happened(_ event: ProbeDevice.ConversationEvent, side: Int) {
        switch event {
        case .accepted(let number):
            let count = flows[side].accepted(through: number) {
                if isMeasuring { measurements.record(.sendToAccepted, $0) }
            }
            counters.countAccepted(count)
            fill(side)
        case .delivered(let delivery):
            if case .ended(let ended) = delivery.message.content {
                if case .none = load { return }
                return fail("the call ended: \(ended.reason)")
            }
            let isExpected = flows[1 - side].delivered(delivery.message) {
                if isMeasuring { measurements.record(.sendToDelivered, $0) }
            }
            guard isExpected else { return fail("a delivery came twice, or out of order, or one is missing") }
            counters.countDelivered()
        case .refused(_, let error), .dropped(let error): fail("\(error)")
        case .ended(let end): fail("\(end)")
        }
        checkSettled()
    }

    private func checkSettled() {
        guard let settled, isBroken || flows.allSatisfy(\.isSettled) else { return }
        self.settled = nil
        settled.succeed()
    }

    private func fail(_ reason: String) {
        isBroken = true
        counters.fail(reason)
        checkSettled()
    }
}
