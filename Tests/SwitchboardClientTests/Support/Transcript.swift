import ClientTestSupport
import SwiftProtobuf
import SwitchboardClient
import SwitchboardProtocol

/// Two conversations, by the names that transcripts give them.
let callA = ConversationID(high: 0, low: 0xa)
let callB = ConversationID(high: 0, low: 0xb)

extension ConversationID {
    /// "a", "b", …: conversations of tests have small numbers.
    var short: String { String(low, radix: 16) }
}

extension Array where Element == SessionAction {
    /// One line an action, as a story would tell it.
    var transcript: [String] { map(\.line) }

    /// The frames that go out.
    var frames: [WireClientFrame] {
        compactMap { if case .transmit(let frame) = $0 { frame } else { nil } }
    }

    var events: [SessionEvent] {
        compactMap { if case .notify(let event) = $0 { event } else { nil } }
    }
}

extension SessionAction {
    var line: String {
        switch self {
        case .connect: "connect"
        case .disconnect(let code): "disconnect \(code.rawValue)"
        case .transmit(let frame): "→ " + frame.line
        case .store(let change): "store " + change.line
        case .schedule(let timer, let delay): "in \(delay.inMilliseconds) ms: \(timer.line)"
        case .cancel(let timer): "never: \(timer.line)"
        case .notify(let event): "! " + event.line
        }
    }
}

extension SessionTimer {
    var line: String {
        if case .resend(let id) = self { "resend \(id.short)" } else { "\(self)" }
    }
}

extension OutboxChange {
    var line: String {
        switch self {
        case .connectionCounted(let count): "connection \(count)"
        case .appended(let id, let number, let message): "\(id.short)\(number) \(message.info.body)"
        case .accepted(let id, let number): "\(id.short)≤\(number)"
        case .forgotten(let id): "\(id.short) forgotten"
        }
    }
}

extension SessionEvent {
    var line: String {
        switch self {
        case .connecting(let attempt): "connecting (\(attempt))"
        case .welcomed(let welcome): "welcome to \(welcome.node)"
        case .synchronized(let missing): "synchronized" + missing.map { " -\($0.short)" }.joined()
        case .accepted(let id, let number): "accepted \(id.short)≤\(number)"
        case .refused(let id, let number, let error, _): "refused \(id.short)\(number) \(error.name)"
        case .postponed(let id, let error, _): "postponed \(id.short) \(error.name)"
        case .dropped(let id, let numbers, let error): "dropped \(id.short)\(numbers) \(error.name)"
        case .delivered(let id, let delivery): "delivered \(id.short)\(delivery.number)"
        case .snapshot(let id, let snapshot): "snapshot \(id.short) \(snapshot.state)"
        case .iceServers(let servers): "ice servers \(servers.iceServers.flatMap(\.urls))"
        case .failed(let error): "failed \(error.name)"
        case .disconnected(let reason, let wait): "disconnected \(reason), again in \(wait.inMilliseconds) ms"
        case .ended(let end): "ended \(end)"
        }
    }
}

extension WireClientFrame {
    var line: String {
        switch frame {
        case .hello(let hello):
            "hello \(hello.device) connection \(hello.connection) outbox \(hello.outbox)"
                + hello.conversations.map { " \(ConversationID($0.conversation)?.short ?? "?")≤\($0.received)" }
                .joined()
        case .send(let send):
            "send \(ConversationID(send.conversation)?.short ?? "?")\(send.number) \(send.message.info.body)"
        case .ack(let ack): "ack \(ConversationID(ack.conversation)?.short ?? "?")≤\(ack.received)"
        case .refresh: "refresh"
        case .iceServers: "ice servers"
        case .ping: "ping"
        case nil: "nothing"
        }
    }
}

extension Duration {
    var inMilliseconds: Int { Int(self / .milliseconds(1)) }
}
