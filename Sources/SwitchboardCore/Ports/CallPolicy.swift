public import SwitchboardProtocol

/// Who may call whom. Asked before anything of the call is committed.
public protocol CallPolicy: Sendable {
    /// Never blocks the caller for longer than its own time limit; fails by a verdict, not by an error.
    func verdict(on call: ProposedCall) async -> CallVerdict
}

public struct ProposedCall: Sendable {
    public var conversation: ConversationID
    public var caller: UserID
    /// As the invite says it; not checked yet.
    public var callee: String
    public var media: WireMedia
    /// What the caller's newest token says about it; nil: nothing.
    public var mayCall: CallPermission?

    public init(
        conversation: ConversationID, caller: UserID, callee: String, media: WireMedia, mayCall: CallPermission? = nil
    ) {
        self.conversation = conversation
        self.caller = caller
        self.callee = callee
        self.media = media
        self.mayCall = mayCall
    }
}

public enum CallVerdict: String, Sendable {
    case allowed
    /// The caller is told `not_allowed`.
    case refused
    /// The caller is told nothing: to him it looks as if nobody answered.
    case silent
}

public struct PolicyRequestID: Hashable, Sendable {
    public let number: UInt64
    public init(_ number: UInt64) { self.number = number }
}

/// Everyone may call everyone.
public struct EveryoneMayCall: CallPolicy {
    public init() {}
    public func verdict(on call: ProposedCall) async -> CallVerdict { .allowed }
}
