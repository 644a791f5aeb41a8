import SwitchboardProtocol

/// Names one peer connection of this device.
package struct PeerID: Hashable, Sendable {
    package let call: ConversationID
    package let session: UInt32
}
