import Dispatch
import Foundation
import NIOConcurrencyHelpers
import SwitchboardCore

/// The one thread that runs `NodeCore`. Others put events into its mailbox and go on; it is woken once for all that has gathered,
/// takes everything in one turn, and performs the actions.
///
/// `@unchecked Sendable`: the core is touched by the thread alone; the mailbox is behind a lock.
final class CoreThread: @unchecked Sendable {
    private struct Mailbox {
        var events: [NodeEvent] = []
        var questions: [@Sendable (NodeCore) -> Void] = []
        /// The semaphore has been signalled and not yet been waited for.
        var isWoken = false
        var isStopped = false
    }

    /// Events of one turn at most: a turn stays short, and what comes meanwhile is not kept waiting by a flood.
    private static let turnLimit = 4096

    private let mailbox = NIOLockedValueBox(Mailbox())
    private let wake = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)
    private let started = ContinuousClock.now
    private var core: NodeCore
    private let perform: @Sendable ([NodeAction]) -> Void

    /// - Parameter perform: carries actions out; called on the thread; must not block.
    init(_ core: NodeCore, perform: @escaping @Sendable ([NodeAction]) -> Void) {
        self.core = core
        self.perform = perform
    }

    func start() {
        let thread = Thread { [self] in
            run()
            ended.signal()
        }
        thread.name = "switchboard-core"
        thread.stackSize = 8 << 20
        thread.start()
    }

    /// Ends the thread after its turn; what is in the mailbox is dropped. Blocks for that long.
    func stop() {
        mailbox.withLockedValue { $0.isStopped = true }
        wake.signal()
        ended.wait()
    }

    /// Any thread; events of one caller stay in order. Returns how many wait, for back-pressure.
    @discardableResult
    func post(_ events: [NodeEvent]) -> Int {
        let (count, mustWake) = mailbox.withLockedValue { box in
            box.events.append(contentsOf: events)
            defer { box.isWoken = true }
            return (box.events.count, !box.isWoken)
        }
        if mustWake { wake.signal() }
        return count
    }

    /// Looks into the core between two turns.
    func ask<Answer: Sendable>(_ question: @escaping @Sendable (NodeCore) -> Answer) async -> Answer? {
        await withCheckedContinuation { continuation in
            let mustWake = mailbox.withLockedValue { box -> Bool? in
                guard !box.isStopped else { return nil }
                box.questions.append { continuation.resume(returning: question($0)) }
                defer { box.isWoken = true }
                return !box.isWoken
            }
            guard let mustWake else { return continuation.resume(returning: nil) }
            if mustWake { wake.signal() }
        }
    }

    var waiting: Int { mailbox.withLockedValue { $0.events.count } }

    private func run() {
        while true {
            let (events, questions, isStopped) = mailbox.withLockedValue { box in
                let count = min(box.events.count, Self.turnLimit)
                let events: [NodeEvent]
                if count == box.events.count {
                    events = box.events
                    box.events = []
                } else {
                    events = Array(box.events.prefix(count))
                    box.events.removeFirst(count)
                }
                box.isWoken = !box.events.isEmpty
                defer { box.questions = [] }
                return (events, box.questions, box.isStopped)
            }
            for question in questions { question(core) }
            if isStopped { return }
            let now = Moment(ContinuousClock.now - started)
            let isDue = core.nextTimer.map { $0 <= now } ?? false
            if !events.isEmpty || isDue {
                let time = TurnTime(now: now, wallMilliseconds: Date().timeIntervalSince1970 * 1000)
                perform(core.handle(events.isEmpty ? [.ticked] : events, at: time))
                continue
            }
            sleep(until: core.nextTimer, now: now)
        }
    }

    private func sleep(until due: Moment?, now: Moment) {
        let left = due.map { min(max($0 - now, .zero), .seconds(1)) } ?? .seconds(1)
        let nanoseconds = Int(left.milliseconds * 1e6) + 1
        _ = wake.wait(timeout: .now() + .nanoseconds(nanoseconds))
        // A wait that times out just as somebody signals leaves a signal behind: one idle turn more, nothing else.
    }
}
