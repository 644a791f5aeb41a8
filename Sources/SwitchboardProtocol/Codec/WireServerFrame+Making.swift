import SwiftProtobuf

extension WireServerFrame {
    /// An acceptance: cumulative up to `number`.
    public static func accepted(_ conversation: ConversationID, number: UInt32, epoch: UInt32) -> Self {
        Self.with {
            $0.accepted = WireAccepted.with {
                $0.conversation = conversation.description
                $0.number = number
                $0.epoch = epoch
            }
        }
    }

    /// An error about a send, or about the whole connection if no conversation is named.
    public static func error(
        _ name: ErrorName, _ conversation: ConversationID? = nil, number: UInt32 = 0, retryAfter: Duration = .zero
    ) -> Self {
        Self.with {
            $0.error = WireError.with {
                $0.name = name.rawValue
                $0.message = name.advice
                $0.permanent = !name.isTemporary
                if name.isTemporary {
                    let (seconds, attoseconds) = retryAfter.components
                    $0.retryAfterMs = Double(seconds) * 1000 + Double(attoseconds) / 1e15
                }
                $0.conversation = conversation?.description ?? ""
                $0.number = number
            }
        }
    }
}
