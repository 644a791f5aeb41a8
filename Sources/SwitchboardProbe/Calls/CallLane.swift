import NIOCore
import SwitchboardClient
import SwitchboardProtocol

/// A pair of users who call each other, one call after the other.
///
/// Both devices live on one event loop, and so does all state of the lane: `@unchecked Sendable` holds because every
/// method enters that loop first.
package final class CallLane: @unchecked Sendable {
    package let eventLoop: any EventLoop
    private let caller: DeviceSpot
    private let callee: DeviceSpot
    private var devices: (caller: ProbeDevice, callee: ProbeDevice)?
    private var measurements = Measurements()

    /// Where one device of the lane connects, and as whom.
    package struct DeviceSpot: Sendable {
        package var account: Account
        package var device: DeviceID
        package var endpoint: ServerEndpoint
        package var configuration: SessionConfiguration
        package var trustedCertificatesFile: String?

        package init(
            account: Account, device: DeviceID, endpoint: ServerEndpoint, configuration: SessionConfiguration,
            trustedCertificatesFile: String? = nil
        ) {
            self.account = account
            self.device = device
            self.endpoint = endpoint
            self.configuration = configuration
            self.trustedCertificatesFile = trustedCertificatesFile
        }
    }

    package init(caller: DeviceSpot, callee: DeviceSpot, eventLoop: any EventLoop) {
        self.caller = caller
        self.callee = callee
        self.eventLoop = eventLoop
    }

    /// Connects both devices, again and again for more samples of how long that takes.
    ///
    /// - Throws: `ProbeError.cannotConnect` with the last reason if it does not succeed in time.
    package func connect(samples: Int = 1, timeout: Duration) async throws {
        for count in 0..<max(1, samples) {
            try await eventLoop.flatSubmit { self.connectOnce(UInt32(count), timeout) }.get()
        }
    }

    /// Makes calls as the pacer hands them out; returns when there are no more.
    ///
    /// - Returns: what was measured, connecting included.
    package func run(_ pacer: CallPacer, plan: CallPlan, tally: CallTally) async throws -> Measurements {
        let done = eventLoop.makePromise(of: Measurements.self)
        eventLoop.execute { self.next(pacer, plan, tally, done) }
        return try await done.futureResult.get()
    }

    /// Makes one call that stays open, and hands it over.
    package func open(
        _ plan: CallPlan, _ use: @escaping @Sendable (ConversationID, ProbeDevice, ProbeDevice) -> Void
    ) async throws {
        let promise = eventLoop.makePromise(of: Void.self)
        eventLoop.execute {
            guard let devices = self.devices else { return promise.fail(ProbeError.cannotConnect("not connected")) }
            let call = ProbeCall(
                id: .random(), caller: devices.caller, callee: devices.callee, plan: plan, measurements: Measurements())
            call.start { result, _ in
                if case .success = result { use(call.id, devices.caller, devices.callee) }
                promise.completeWith(result.mapError { $0 })
            }
        }
        try await promise.futureResult.get()
    }

    /// Ends both sessions.
    package func stop() {
        eventLoop.execute {
            self.devices?.caller.stop()
            self.devices?.callee.stop()
        }
    }

    private func connectOnce(_ count: UInt32, _ timeout: Duration) -> EventLoopFuture<Void> {
        devices?.caller.stop()
        devices?.callee.stop()
        let pair: (caller: ProbeDevice, callee: ProbeDevice)
        do {
            pair = (try makeDevice(caller, count), try makeDevice(callee, count))
        } catch {
            return eventLoop.makeFailedFuture(error)
        }
        devices = pair
        let deadline = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(timeout)) {
            // Ends the wait for the welcome, too.
            pair.caller.stop()
            pair.callee.stop()
        }
        return pair.caller.start().and(pair.callee.start()).assumeIsolated().always { _ in deadline.cancel() }
            .map { _ in
                for device in [pair.caller, pair.callee] {
                    guard let started = device.startedAt, let welcomed = device.welcomedAt else { continue }
                    self.measurements.record(.connect, welcomed - started)
                }
            }
            .flatMapErrorThrowing { error in
                let troubles = [pair.caller.lastTrouble, pair.callee.lastTrouble].compactMap(\.self)
                throw ProbeError.cannotConnect(troubles.first ?? "\(error)")
            }
            .nonisolated()
    }

    private func makeDevice(_ spot: DeviceSpot, _ connections: UInt32) throws -> ProbeDevice {
        var options = SessionOptions(
            endpoint: spot.endpoint, device: spot.device, token: .fixed(spot.account.token))
        options.configuration = spot.configuration
        options.trustedCertificatesFile = spot.trustedCertificatesFile
        return try ProbeDevice(user: spot.account.user, options, connections: connections, eventLoop: eventLoop)
    }

    private func next(
        _ pacer: CallPacer, _ plan: CallPlan, _ tally: CallTally, _ done: EventLoopPromise<Measurements>
    ) {
        guard let devices, devices.caller.end == nil, devices.callee.end == nil, let due = pacer.take() else {
            return done.succeed(measurements)
        }
        eventLoop.assumeIsolated().scheduleTask(deadline: due) {
            let call = ProbeCall(
                id: .random(), caller: devices.caller, callee: devices.callee, plan: plan,
                measurements: self.measurements)
            // One owner at a time, or each recording would copy the histograms.
            self.measurements = Measurements()
            call.start { result, measurements in
                self.measurements = measurements
                tally.record(result)
                // The next one in a turn of its own: no recursion, and what this one still sends goes first.
                self.eventLoop.execute { self.next(pacer, plan, tally, done) }
            }
        }
    }
}
