import NIOCore
import NIOPosix
import SwitchboardClient
import SwitchboardProbe
import SwitchboardProtocol

/// Pairs of users, connected and spread over a cluster's nodes: the two of a pair are at different nodes, if there are
/// several.
struct LaneSet: Sendable {
    let lanes: [CallLane]

    /// Connects the pairs, some at a time.
    static func connect(_ target: BenchTarget, pairs: Int, timeout: Duration = .seconds(30)) async throws -> LaneSet {
        let run = "bench-" + String(UInt32.random(in: 0...UInt32.max), radix: 36)
        var configuration = SessionConfiguration()
        configuration.acknowledgementDelay = .milliseconds(20)
        var lanes: [CallLane] = []
        for index in 0..<pairs {
            let (caller, callee) = try await target.credentials.pair(index, run: run)
            // Every pair of nodes comes up, not only neighbours.
            let nodes = target.endpoints.count
            let first = index % nodes
            let second = nodes == 1 ? first : (first + 1 + index / nodes % (nodes - 1)) % nodes
            lanes.append(
                CallLane(
                    caller: CallLane.DeviceSpot(
                        account: caller, device: DeviceID(trusted: "\(run)-\(index)-a"),
                        endpoint: target.endpoints[first], configuration: configuration),
                    callee: CallLane.DeviceSpot(
                        account: callee, device: DeviceID(trusted: "\(run)-\(index)-b"),
                        endpoint: target.endpoints[second], configuration: configuration),
                    eventLoop: MultiThreadedEventLoopGroup.singleton.any()))
        }
        try await forEach(lanes, atOnce: 32) { try await $0.connect(timeout: timeout) }
        return LaneSet(lanes: lanes)
    }

    /// Opens a call on each lane and makes a stream of it.
    func openStreams(_ counters: LoadCounters) async throws -> [MessageStream] {
        var plan = CallPlan()
        plan.hangsUp = false
        return try await withThrowingTaskGroup(of: MessageStream.self) { group in
            for lane in lanes {
                group.addTask { [plan] in
                    let promise = lane.eventLoop.makePromise(of: MessageStream.self)
                    do {
                        try await lane.open(plan) { call, caller, callee in
                            promise.succeed(
                                MessageStream(call: call, caller: caller, callee: callee, counters: counters))
                        }
                    } catch {
                        promise.fail(error)
                    }
                    return try await promise.futureResult.get()
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    func stop() {
        for lane in lanes { lane.stop() }
    }

    /// Runs an operation for each element, so many at once.
    static func forEach<Element: Sendable>(
        _ elements: [Element], atOnce limit: Int, _ operation: @escaping @Sendable (Element) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, element) in elements.enumerated() {
                if index >= limit { try await group.next() }
                group.addTask { try await operation(element) }
            }
            try await group.waitForAll()
        }
    }
}
