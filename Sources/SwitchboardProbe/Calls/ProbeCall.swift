import NIOCore
import SwiftProtobuf
import SwitchboardClient
import SwitchboardProtocol

/// One whole call between two devices of the probe: invite, offer and candidates at once; ringing, answer and
/// candidates prepared; pickup; an exchange; hangup. Every delivery is checked against the one that must come.
///
/// Lives on the event loop of both devices.
final class ProbeCall {
    let id: ConversationID
    private let plan: CallPlan
    private var caller: CallParty
    private var callee: CallParty
    private var measurements: Measurements
    private var step: CallFailure.Step = .ringing
    private var invitedAt = NIODeadline.now()
    private var acceptedAt: NIODeadline?
    private var hasRung = false
    private var timeout: Scheduled<Void>?
    private var completion: ((Result<Void, CallFailure>, Measurements) -> Void)?

    /// Deliveries before anything is exchanged: to the caller ringing, selected, answer, candidates; to the callee
    /// invite, offer, selected, candidates.
    private static let preparedDeliveries = 3 + CallPayloads.candidateBatches

    private enum Side { case caller, callee }

    init(id: ConversationID, caller: ProbeDevice, callee: ProbeDevice, plan: CallPlan, measurements: Measurements) {
        self.id = id
        self.plan = plan
        self.measurements = measurements
        let candidates = (0..<CallPayloads.candidateBatches).map {
            CallParty.Expectation.exactly(CallPayloads.candidates($0))
        }
        let exchange: [CallParty.Expectation] =
            plan.hangsUp
            ? [.exactly(Self.connected)] + (0..<plan.infos).map { .exactly(CallPayloads.info($0)) }
                + [.ended(reason: EndReason.hangup.rawValue)] : []
        self.caller = CallParty(
            device: caller,
            expected: [.ringing, .selected, .exactly(CallPayloads.description("answer"))] + candidates + exchange)
        self.callee = CallParty(
            device: callee,
            expected: [
                .invite(caller: caller.user, callee: callee.user), .exactly(CallPayloads.description("offer")),
                .selected,
            ] + candidates + exchange)
    }

    /// Makes the call; the completion is called once, with the measurements that were given and its own.
    func start(_ completion: @escaping (Result<Void, CallFailure>, Measurements) -> Void) {
        self.completion = completion
        caller.device.listen(to: id) { self.happened($0, at: .caller) }
        callee.device.listen(to: id) { self.happened($0, at: .callee) }
        timeout = caller.device.driver.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(plan.timeout)) {
            self.timedOut()
        }
        invitedAt = .now()
        attempt {
            let invite = WireMessage.with {
                $0.invite.callee = callee.device.user
                $0.invite.media.audio = true
                $0.invite.media.video = true
            }
            try caller.send(invite, in: id)
            try caller.send(CallPayloads.description("offer"), in: id, place: 1)
            for index in 0..<CallPayloads.candidateBatches {
                try caller.send(CallPayloads.candidates(index), in: id)
            }
        }
    }

    // MARK: - What happens

    private func happened(_ event: ProbeDevice.ConversationEvent, at side: Side) {
        guard completion != nil else { return }
        switch (event, side) {
        case (.delivered(let delivery), _):
            delivered(delivery, to: side)
        case (.accepted(let number), .caller):
            caller.accepted(through: number, &measurements)
            advance()
        case (.accepted(let number), .callee):
            callee.accepted(through: number, &measurements)
            advance()
        case (.refused(let number, let error), _):
            fail("\(side)'s message \(number) was refused: \(error)")
        case (.dropped(let error), _):
            fail("the \(side)'s conversation was dropped: \(error)")
        case (.ended(let end), _):
            fail("the \(side)'s session ended: \(end)")
        }
    }

    private func delivered(_ delivery: WireDeliver, to side: Side) {
        let result = side == .caller ? caller.delivered(delivery) : callee.delivered(delivery)
        switch result {
        case .success(let place):
            // The first that the caller hears is that it rings.
            if side == .caller, place == 0 { measurements.record(.inviteToRinging, .now() - invitedAt) }
            if let sentAt = side == .caller ? callee.directSends[place] : caller.directSends[place] {
                measurements.record(.sendToDelivered, .now() - sentAt)
            }
            advance()
        case .failure(let mismatch):
            fail("to the \(side): \(mismatch.text)")
        }
    }

    /// Goes on as far as what has come allows.
    private func advance() {
        switch step {
        case .connect, .ringing:
            if callee.received == 2, !hasRung { ring() }
            // The user picks up when everything is prepared, as in a call that rang for a moment.
            if caller.received == 1, hasRung, callee.unaccepted.isEmpty { pickUp() }
        case .pickup:
            guard caller.received >= Self.preparedDeliveries, callee.received >= Self.preparedDeliveries else { return }
            if let acceptedAt { measurements.record(.acceptToReady, .now() - acceptedAt) }
            plan.hangsUp ? exchange() : finish(.success(()))
        case .exchange:
            let all = caller.expected.count - 1
            if caller.received == all, callee.received == all { hangUp() }
        case .hangup:
            if caller.isComplete, callee.isComplete { finish(.success(())) }
        }
    }

    private func ring() {
        hasRung = true
        attempt {
            try callee.send(.with { $0.ringing = WireRinging() }, in: id)
            try callee.send(CallPayloads.description("answer"), in: id)
            for index in 0..<CallPayloads.candidateBatches {
                try callee.send(CallPayloads.candidates(index), in: id)
            }
        }
    }

    private func pickUp() {
        step = .pickup
        acceptedAt = .now()
        let accept = WireMessage.with {
            $0.accept.media.audio = true
            $0.accept.media.video = true
        }
        attempt { try callee.send(accept, in: id) }
    }

    private func exchange() {
        step = .exchange
        attempt {
            try caller.send(Self.connected, in: id, place: Self.preparedDeliveries)
            try callee.send(Self.connected, in: id, place: Self.preparedDeliveries)
            for index in 0..<plan.infos {
                let place = Self.preparedDeliveries + 1 + index
                try caller.send(CallPayloads.info(index), in: id, place: place)
                try callee.send(CallPayloads.info(index), in: id, place: place)
            }
        }
    }

    private func hangUp() {
        step = .hangup
        attempt { try caller.send(Self.hangup, in: id) }
    }

    // MARK: - The end

    private func timedOut() {
        var reason = "not done within \(plan.timeout)"
        if let awaited = caller.waitsFor { reason += "; the caller waits for \(awaited)" }
        if let awaited = callee.waitsFor { reason += "; the callee waits for \(awaited)" }
        for trouble in [caller.device.lastTrouble, callee.device.lastTrouble].compactMap(\.self) {
            reason += "; last trouble: \(trouble)"
        }
        fail(reason)
    }

    private func fail(_ reason: String) {
        finish(.failure(CallFailure(step: step, reason: reason)))
        // Leave nothing ringing. Whether it succeeds changes nothing any more.
        _ = try? caller.device.driver.send(Self.hangup, in: id)
    }

    private func finish(_ result: Result<Void, CallFailure>) {
        guard let completion else { return }
        self.completion = nil
        timeout?.cancel()
        caller.device.stopListening(to: id)
        callee.device.stopListening(to: id)
        completion(result, measurements)
    }

    private func attempt(_ sends: () throws -> Void) {
        do {
            try sends()
        } catch {
            fail("the client could not send: \(error)")
        }
    }

    private static let connected = WireMessage.with { $0.connected.session = 1 }
    private static let hangup = WireMessage.with { $0.hangup.reason = EndReason.hangup.rawValue }
}
