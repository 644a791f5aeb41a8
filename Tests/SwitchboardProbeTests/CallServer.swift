import ClientTestSupport
import NIOCore
import SwiftProtobuf
import SwitchboardProtocol
import Synchronization

@testable import SwitchboardProbe

/// A server of one-to-one calls between two single devices, that can be made to do wrong what a probe must notice.
final class CallServer: Sendable {
    enum Fault: Sendable, CaseIterable {
        case neverRings, refusesAccept, swapsCandidates, repeatsInfo, losesInfo, lowersEpoch, endsEarly, acceptsNothing
    }

    private struct Call {
        let caller: String
        let callee: String
        /// Messages that wait for pickup, with those they are for.
        var held: [(to: String, message: WireMessage)] = []
        var isPickedUp = false
        var accepted: [String: UInt32] = [:]
        var delivered: [String: UInt32] = [:]
        var infos = 0
        var epoch: UInt32 = 5
    }

    private struct State {
        var users: [ObjectIdentifier: String] = [:]
        var connections: [String: LoopbackServer.Connection] = [:]
        var calls: [String: Call] = [:]
    }

    private let fault: Fault?
    private let state = Mutex(State())

    init(fault: Fault? = nil) {
        self.fault = fault
    }

    func received(_ frame: WireClientFrame, _ connection: LoopbackServer.Connection) {
        state.withLock { state in
            let key = ObjectIdentifier(connection.channel)
            switch frame.frame {
            case .hello(let hello):
                guard let user = try? Account(token: hello.token).user else { return connection.close(code: .badToken) }
                state.users[key] = user
                state.connections[user] = connection
                connection.send(.welcome())
                connection.send(.syncComplete())
            case .send(let send):
                guard let user = state.users[key] else { return }
                sendReceived(send, from: user, &state)
            case .iceServers, .ack, .ping, .refresh, nil: break
            }
        }
    }

    private func sendReceived(_ send: WireSend, from user: String, _ state: inout State) {
        var call: Call
        if case .invite(let invite) = send.message.content {
            call = Call(caller: user, callee: invite.callee)
        } else if let known = state.calls[send.conversation] {
            call = known
        } else {
            return
        }
        defer { state.calls[send.conversation] = call }
        guard send.number == call.accepted[user, default: 0] + 1 else { return }
        call.accepted[user] = send.number
        take(send.message, from: user, in: send.conversation, &call, state)
        guard fault != .acceptsNothing else { return }
        state.connections[user]?.send(
            .with { $0.accepted = .with { ($0.conversation, $0.number) = (send.conversation, send.number) } })
    }

    private func take(
        _ message: WireMessage, from user: String, in id: String, _ call: inout Call, _ state: State
    ) {
        let peer = user == call.caller ? call.callee : call.caller
        switch message.content {
        case .invite(var invite):
            invite.caller = user
            deliver(.with { $0.invite = invite }, to: peer, id, &call, state)
        case .description_p(let description) where description.type == "offer":
            deliver(message, to: peer, id, &call, state)
        case .ringing:
            if fault != .neverRings { deliver(message, to: peer, id, &call, state) }
        case .description_p, .candidates:
            if call.isPickedUp {
                deliver(message, to: peer, id, &call, state)
            } else {
                call.held.append((peer, message))
            }
        case .accept:
            if fault == .refusesAccept {
                let error = WireServerFrame.failure(
                    .notAllowed, in: ConversationID(id), number: call.accepted[user, default: 0])
                state.connections[user]?.send(error)
                return
            }
            call.isPickedUp = true
            if fault == .swapsCandidates { call.held.swapAt(call.held.count - 1, call.held.count - 2) }
            let selected = WireMessage.with { $0.selected.user = call.callee }
            for party in [call.caller, call.callee] { deliver(selected, to: party, id, &call, state) }
            for (receiver, held) in call.held { deliver(held, to: receiver, id, &call, state) }
        case .info:
            call.infos += 1
            if fault == .losesInfo, call.infos == 2 { return }
            if fault == .lowersEpoch, call.infos == 2 { call.epoch = 4 }
            deliver(message, to: peer, id, &call, state)
            if fault == .repeatsInfo, call.infos == 2 { deliver(message, to: peer, id, &call, state) }
        case .connected:
            if fault == .endsEarly { return deliver(.ended("server_error"), to: peer, id, &call, state) }
            deliver(message, to: peer, id, &call, state)
        case .hangup:
            for party in [call.caller, call.callee] { deliver(.ended("hangup"), to: party, id, &call, state) }
        default: break
        }
    }

    private func deliver(_ message: WireMessage, to user: String, _ id: String, _ call: inout Call, _ state: State) {
        let number = call.delivered[user, default: 0] + 1
        call.delivered[user] = number
        let epoch = call.epoch
        state.connections[user]?.send(
            .with {
                $0.deliver.conversation = id
                $0.deliver.number = number
                $0.deliver.message = message
                $0.deliver.epoch = epoch
            })
    }
}
