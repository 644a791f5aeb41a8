import SwiftProtobuf
import SwitchboardProtocol

extension WireMessage {
    package static func info(_ body: String) -> WireMessage {
        .with { $0.info.body = body }
    }

    package static func ended(_ reason: String) -> WireMessage {
        .with { $0.ended.reason = reason }
    }
}

/// Frames as a server would send them.
extension WireServerFrame {
    package static func welcome(accepted: [ConversationID: UInt32] = [:]) -> WireServerFrame {
        .with {
            $0.welcome.node = "n1"
            $0.welcome.conversations = accepted.sorted { $0.key < $1.key }.map { id, number in
                .with { ($0.conversation, $0.number) = (id.description, number) }
            }
        }
    }

    package static func accepted(_ id: ConversationID, _ number: UInt32) -> WireServerFrame {
        .with { $0.accepted = .with { ($0.conversation, $0.number) = (id.description, number) } }
    }

    package static func deliver(_ id: ConversationID, _ number: UInt32, _ message: WireMessage = .info(""))
        -> WireServerFrame
    {
        .with {
            $0.deliver.conversation = id.description
            $0.deliver.number = number
            $0.deliver.message = message
        }
    }

    package static func snapshot(_ id: ConversationID, next: UInt32, state: String = "ringing") -> WireServerFrame {
        .with {
            $0.snapshot.conversation = id.description
            $0.snapshot.nextNumber = next
            $0.snapshot.state = state
        }
    }

    package static func failure(
        _ name: ErrorName, in id: ConversationID? = nil, number: UInt32 = 0, retryAfterMs: Double = 0
    ) -> WireServerFrame {
        .with {
            $0.error.name = name.rawValue
            $0.error.permanent = !name.isTemporary
            $0.error.retryAfterMs = retryAfterMs
            $0.error.conversation = id?.description ?? ""
            $0.error.number = number
        }
    }

    package static func goAway(afterMs: Double) -> WireServerFrame {
        .with { $0.goAway.reconnectAfterMs = afterMs }
    }

    package static func syncComplete(missing: [ConversationID] = []) -> WireServerFrame {
        .with { $0.syncComplete.missing = missing.map(\.description) }
    }

    package static var sign: WireServerFrame { .with { $0.pong = WirePong() } }
}
