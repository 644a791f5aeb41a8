import SwiftProtobuf
import SwitchboardProtocol

extension WireServerFrame {
    static func deliver(
        _ delivery: QueuedDelivery, _ conversation: ConversationID, number: UInt32, epoch: UInt32
    ) -> Self {
        Self.with {
            $0.deliver = WireDeliver.with {
                $0.conversation = conversation.description
                $0.number = number
                $0.user = delivery.fromUser
                $0.device = delivery.fromDevice
                $0.timeMs = delivery.timeMilliseconds
                $0.message = delivery.message
                $0.epoch = epoch
            }
        }
    }
}
