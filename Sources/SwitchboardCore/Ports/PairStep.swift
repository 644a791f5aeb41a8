public import SwitchboardProtocol

/// Two users, whoever calls whom.
public struct PairKey: Hashable, Comparable, Sendable {
    /// The lesser of the two.
    public let low: UserID
    public let high: UserID

    public init(_ one: UserID, _ other: UserID) {
        (low, high) = one < other ? (one, other) : (other, one)
    }

    public static func < (left: Self, right: Self) -> Bool {
        (left.low, left.high) < (right.low, right.high)
    }
}

/// What an append does, in its own transaction, to the row of its two users. There is at most one row for a pair, and it
/// names the one call that the two are making; the row decides glare.
///
/// A row that names a conversation which has ended, or which the store does not know, counts as free.
public enum PairStep: Equatable, Sendable {
    /// With a call's first entry: the row is made, or taken over if it is free or names this call already. If it names
    /// another one, the append has no effect and is answered by `.blocked`.
    case take(PairKey, media: PairMedia)
    /// As `take`, but takes the row from this call too; a row that by now names a third one blocks.
    case replace(PairKey, of: ConversationID, media: PairMedia)
    /// The call was picked up; without effect if the row names another one.
    case accept(PairKey)
    /// The call has ended; the row is deleted if it names this call.
    case release(PairKey)

    public var key: PairKey {
        switch self {
        case .take(let key, _), .replace(let key, _, _), .accept(let key), .release(let key): key
        }
    }
}

/// What the call of a pair's row asked for.
public struct PairMedia: Hashable, Sendable {
    public var audio: Bool
    public var video: Bool

    public init(audio: Bool, video: Bool) {
        self.audio = audio
        self.video = video
    }
}

/// The call that a pair's row names, as of the transaction that it blocked.
public struct PairHolder: Hashable, Sendable {
    public var conversation: ConversationID
    public var caller: UserID
    public var media: PairMedia
    public var isAccepted: Bool

    public init(conversation: ConversationID, caller: UserID, media: PairMedia, isAccepted: Bool) {
        self.conversation = conversation
        self.caller = caller
        self.media = media
        self.isAccepted = isAccepted
    }
}

/// "End that call, for another one replaces it": written with the first entry of the new call, found by its leader or by
/// a scan, and deleted with the entry that ends the older call.
public struct EndCommand: Hashable, Sendable {
    /// The call to be ended.
    public var conversation: ConversationID
    public var reason: EndReason

    public init(conversation: ConversationID, reason: EndReason) {
        self.conversation = conversation
        self.reason = reason
    }
}
