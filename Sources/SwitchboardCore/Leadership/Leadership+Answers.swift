import SwiftProtobuf
import SwitchboardProtocol

/// What goes out once it may: deliveries, acceptances, answers to attaches.
extension Leadership {
    /// Sends every target what its queue holds beyond what was sent to it.
    mutating func pump() -> [LeadershipEffect] {
        var effects: [LeadershipEffect] = []
        for key in targets.keys.sorted() {
            if let effect = pump(key) {
                effects.append(effect)
            }
        }
        return effects
    }

    private mutating func pump(_ key: TargetKey) -> LeadershipEffect? {
        guard let target = targets[key] else { return nil }
        let queue = state.queue(of: target.address)
        guard target.sent < queue.last else { return nil }
        var frames: [WireServerFrame] = []
        for number in (max(target.sent, queue.trimmed) + 1)...queue.last {
            guard let delivery = queue[number] else { continue }
            frames.append(.deliver(delivery, conversation, number: number, epoch: epoch))
        }
        targets[key]?.sent = queue.last
        return .push(key, target.address, frames)
    }

    /// Acceptances are coalesced per connection, for they are cumulative. A refusal comes before the acceptance that covers it,
    /// so that a client which waits for the acceptance knows already what became of its message.
    mutating func answer(_ replies: [ConversationReply]) -> [LeadershipEffect] {
        var effects: [LeadershipEffect] = []
        var accepted: [(origin: Origin, number: UInt32)] = []
        for reply in replies {
            switch reply {
            case .accepted(let origin, let number):
                if let place = accepted.firstIndex(where: { $0.origin == origin }) {
                    accepted[place].number = max(accepted[place].number, number)
                } else {
                    accepted.append((origin, number))
                }
            default: continue
            }
        }
        for case .refused(let origin, let number, let name) in replies {
            effects.append(pushError(name, to: origin, number: number))
        }
        for (origin, number) in accepted {
            effects.append(
                .push(origin.key, origin.address, [.accepted(conversation, number: number, epoch: epoch)]))
        }
        for reply in replies {
            switch reply {
            case .accepted, .refused: continue
            case .rejected(let origin, let number, let name):
                effects.append(pushError(name, to: origin, number: number, retryAfter: .zero))
            case .attached(let origin, let sent, let snapshot):
                effects += attach(origin, sent: sent, snapshot: snapshot)
            case .unknown(let origin):
                effects.append(
                    .attached(
                        origin.key,
                        PeerAttached.with {
                            $0.conversation = conversation.description
                            $0.connection = origin.connection.description
                            $0.unknown = true
                            $0.complete = true
                        }))
            }
        }
        return effects
    }

    private mutating func attach(_ origin: Origin, sent: UInt32, snapshot: Bool) -> [LeadershipEffect] {
        var effects: [LeadershipEffect] = []
        if snapshot {
            effects.append(.push(origin.key, origin.address, [self.snapshot(for: origin.address, next: sent + 1)]))
        }
        if stage != .closed {
            targets[origin.key] = DeliveryTarget(address: origin.address, sent: sent)
            context.away.remove(origin.address)
            if let effect = pump(origin.key) {
                effects.append(effect)
            }
        } else {
            // A closed log has no targets: what is left goes out once.
            targets[origin.key] = DeliveryTarget(address: origin.address, sent: sent)
            if let effect = pump(origin.key) {
                effects.append(effect)
            }
            targets[origin.key] = nil
        }
        let outbox = state.outboxes[OutboxKey(address: origin.address, outbox: origin.outbox)]
        let (epoch, isClosed) = (epoch, stage == .closed)
        effects.append(
            .attached(
                origin.key,
                PeerAttached.with {
                    $0.conversation = conversation.description
                    $0.connection = origin.connection.description
                    $0.epoch = epoch
                    $0.accepted = outbox?.accepted ?? 0
                    $0.complete = true
                    $0.ended = isClosed
                }))
        return effects
    }

    private func snapshot(for address: DeviceAddress, next: UInt32) -> WireServerFrame {
        let state = state
        let (conversation, epoch) = (conversation.description, epoch)
        return WireServerFrame.with {
            $0.snapshot = WireSnapshot.with { snapshot in
                snapshot.conversation = conversation
                snapshot.state = state.phase == .inviting ? CallPhase.ringing.rawValue : state.phase.rawValue
                snapshot.nextNumber = next
                snapshot.epoch = epoch
                snapshot.reason = state.ending?.reason ?? ""
                if let opening = state.opening {
                    snapshot.role = opening.caller.user == address.user ? "caller" : "callee"
                    snapshot.caller = opening.caller.user.text
                    snapshot.callee = opening.callee?.text ?? ""
                    snapshot.media = opening.media
                    if opening.caller.user == address.user || state.isSelected(address) {
                        snapshot.callerDevice = state.callerDevice?.device.text ?? ""
                    }
                }
                snapshot.session = state.highestSession
                if state.isSelected(address) {
                    snapshot.calleeDevice = state.calleeDevice?.device.text ?? ""
                    snapshot.selected = WireSelected(state)
                } else if state.phase.isAfterPickup {
                    snapshot.activeDevice = state.device(of: address.user)?.device.text ?? ""
                }
                if let leg = state.legs[address] {
                    snapshot.leg = leg.state.rawValue
                    if !leg.reason.isEmpty { snapshot.reason = leg.reason }
                } else if state.isEnded, state.selection != nil, !state.isSelected(address) {
                    snapshot.reason = EndReason.answeredElsewhere.rawValue
                }
            }
        }
    }
}
