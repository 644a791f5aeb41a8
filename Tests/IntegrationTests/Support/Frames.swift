import SwiftProtobuf
import SwitchboardProtocol

extension WireClientFrame {
    static func ping() -> WireClientFrame { .with { $0.ping = WirePing() } }

    static func hello(
        token: String, device: String = "d1", connection: UInt32 = 1, outbox: String = "o1",
        knowing cursors: [ConversationID: UInt32] = [:]
    ) -> WireClientFrame {
        .with {
            $0.hello.token = token
            $0.hello.device = device
            $0.hello.connection = connection
            $0.hello.outbox = outbox
            $0.hello.conversations = cursors.sorted { $0.key < $1.key }.map { call, received in
                .with { ($0.conversation, $0.received) = (call.description, received) }
            }
        }
    }

    static func refresh(token: String) -> WireClientFrame { .with { $0.refresh.token = token } }

    static func send(_ message: WireMessage, in call: ConversationID, number: UInt32) -> WireClientFrame {
        .with {
            $0.send.conversation = call.description
            $0.send.number = number
            $0.send.message = message
        }
    }
}

extension WireServerFrame {
    var isSync: Bool { if case .syncComplete? = frame { true } else { false } }
    var isPong: Bool { if case .pong? = frame { true } else { false } }
    var isGoAway: Bool { if case .goAway? = frame { true } else { false } }
}

extension WireMessage {
    static func invite(_ callee: String) -> WireMessage {
        .with {
            $0.invite.callee = callee
            $0.invite.media = .with { ($0.audio, $0.video) = (true, true) }
        }
    }

    static func offer(_ text: String = "the offer", revision: UInt32 = 1) -> WireMessage {
        description(type: "offer", text, revision: revision)
    }

    static func answer(_ text: String = "the answer") -> WireMessage { description(type: "answer", text, revision: 1) }

    private static func description(type: String, _ text: String, revision: UInt32) -> WireMessage {
        .with {
            $0.description_p.type = type
            $0.description_p.sdp = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=\(text)\r\nc=IN IP4 0.0.0.0\r\n"
            $0.description_p.session = 1
            $0.description_p.revision = revision
        }
    }

    static func candidate(_ text: String) -> WireMessage {
        .with {
            $0.candidates.session = 1
            $0.candidates.revision = 1
            $0.candidates.candidates = [.with { $0.candidate = text }]
        }
    }

    static func info(_ body: String) -> WireMessage { .with { $0.info.body = body } }
    static func ringing() -> WireMessage { .with { $0.ringing = WireRinging() } }
    static func accept() -> WireMessage { .with { $0.accept = WireAccept() } }
    static func connected() -> WireMessage { .with { $0.connected.session = 1 } }
    static func cancel() -> WireMessage { .with { $0.cancel = WireCancel() } }
    static func hangup() -> WireMessage { .with { $0.hangup = WireHangup() } }

    /// The field's name in the schema.
    var kind: String {
        switch content {
        case .invite: "invite"
        case .description_p(let description): description.type
        case .candidates: "candidates"
        case .ringing: "ringing"
        case .selected: "selected"
        case .connected: "connected"
        case .info: "info"
        case .ended: "ended"
        case nil: "unknown"
        default: "other"
        }
    }
}

extension ConversationID {
    /// A new call.
    static func random() -> ConversationID {
        ConversationID(high: .random(in: .min ... .max), low: .random(in: .min ... .max))
    }
}
