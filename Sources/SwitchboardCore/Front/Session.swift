import SwitchboardProtocol

/// One client connection, after its `hello`, as its front knows it. All of it can be asked again.
struct Session: Sendable {
    let connection: ConnectionID
    let address: DeviceAddress
    /// The device's own connection counter.
    let counter: UInt32
    let outbox: OutboxID
    /// Wall clock; nil: never.
    var expiresAtMilliseconds: Double?
    /// Whom the user may call, as the newest token says.
    var mayCall: CallPermission?
    var attachments: [ConversationID: Attachment] = [:]

    /// Calls that are being set up: while there is one, a lost socket must be noticed soon.
    var settingUp: Set<ConversationID> = []

    /// Presence is committed and the user's live conversations are known.
    var isAnnounced = false
    /// What still has to be answered before `sync_complete`.
    var unanswered: Set<ConversationID> = []
    var isSynced = false

    /// What the client was told last, and when.
    var iceServers = MintedIceServers(servers: [], timeToLive: nil)
    var iceServersMinted: Moment?

    func origin(front: Incarnation) -> Origin {
        Origin(front: front, connection: connection, address: address, counter: counter, outbox: outbox)
    }
}

/// A session's part in one conversation.
struct Attachment: Sendable {
    /// Highest delivery put on this socket, or named in `hello`; nil: the device knows nothing yet.
    var cursor: UInt32?
    /// Highest epoch seen; frames of older ones are refused.
    var epoch: UInt32 = 0
    /// Highest number forwarded, to find out after a failover whether something was lost on the way.
    var forwarded: UInt32 = 0
    var accepted: UInt32 = 0
    /// Named by the client in `hello`: it must be answered even if it is unknown.
    var isNamed = false
    var isCaller = false
    /// The call is over for this device.
    var isEnded = false
    /// The leader to which the attach was sent; nil: to be sent.
    var attachedTo: Incarnation?
    var isAnswered = false
    /// `forwarded` when the attach was sent: what the leader's answer must cover.
    var forwardedAtAttach: UInt32 = 0

    /// This connection brought the invite, and it is not known to be committed: nobody else can know the conversation yet.
    var isOpening: Bool { isCaller && accepted == 0 }
}
