public import SwitchboardProtocol

/// A call of this user that goes on on another of his devices.
public struct CallElsewhere: Sendable, Hashable {
    public let id: ConversationID
    /// The device that has it.
    public internal(set) var device: String
    /// The user at the other end; nil if this device was not told.
    public internal(set) var peer: String?
    public internal(set) var role: CallRole
    /// What the caller asked for, as far as this device was told.
    public internal(set) var media: CallMedia?
    /// The highest session that this device knows of the call.
    var session: UInt32
}
