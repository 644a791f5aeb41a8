import SwiftProtobuf
import SwitchboardProtocol

/// What must reach a conversation's leader and comes from no client: commands of other calls, answers of push providers.
/// If it gets lost on the way, a scan of the store finds the command again; an answer of a provider may be missed.
extension NodeCore {
    /// Another call takes the place of this one.
    mutating func carry(_ command: EndCommand) {
        carry(
            PeerPeerFrame.with {
                $0.endCommand = PeerEndCommand.with {
                    $0.conversation = command.conversation.description
                    $0.reason = command.reason.rawValue
                }
            })
    }

    mutating func carryPushAnswer(_ conversation: ConversationID, _ endpoint: PushEndpointID, isTaken: Bool) {
        carry(
            PeerPeerFrame.with {
                $0.pushAnswer = PeerPushAnswer.with {
                    $0.conversation = conversation.description
                    $0.endpoint = endpoint.text
                    $0.taken = isTaken
                }
            })
    }

    /// As if another node had sent it here; it goes on to the leader when that is known.
    private mutating func carry(_ frame: PeerPeerFrame) {
        peerFrame(frame, from: me)
    }
}
