public import SwitchboardProtocol

/// Where the logs of conversations, presence and the rows that find them are kept.
///
/// Adapters: PostgreSQL for clusters, SQLite for one node, a simulated one for tests; one conformance suite for all.
/// The port is a message port, for the core is pure: `submit` never blocks and never fails; every command gets exactly
/// one `StoreEvent.completed`, on a thread of the adapter's, in any order between lanes and in order within a lane.
///
/// What an adapter must keep (each rule has a failure behind it):
/// - An append is durable, and replicated as far as configuration demands, when `.committed` is reported; before that
///   nobody may be told of it.
/// - An append takes effect only if the entry before it is the one named by `predecessor`, and only if nothing stands at
///   `index`; never two values at one index.
/// - Of a batch only the culprit fails: `.clash`, `.blocked` and `.refused` are results of single appends, the others
///   commit.
/// - What an append brings along (``PairStep``, ``PushStep``, ``EndCommand``) takes effect with it, in the same transaction,
///   and never without it. Of two calls that take one pair at once, wherever they are led, exactly one gets it.
/// - A command to end goes with the entry that ends its conversation.
/// - When it cannot know whether a transaction committed it says `.unknown`; a cancelled wait for synchronous
///   replication is unknown too.
/// - After a lost connection it reports `.laneLost` before anything else about that lane, and `.laneRestored` before the
///   first result of the new connection. The first connection of all is not reported.
/// - Commands other than commits may be repeated; if their answer is lost they are `.unavailable`.
public protocol ConversationStore: Sendable {
    func submit(_ command: StoreCommand, id: StoreRequestID)
}

/// Pairs a command with its completion.
public struct StoreRequestID: Hashable, Sendable {
    public let number: UInt64
    public init(_ number: UInt64) { self.number = number }
}

/// What the core asks of the store.
public enum StoreCommand: Sendable {
    /// One transaction on one lane. Within it at most one append and one confirmation per conversation.
    case commit(StoreBatch)
    /// The log of a conversation from its newest checkpoint on, with its row.
    case load(ConversationID)
    /// Entries `range` of a log, for resending what memory has trimmed.
    case readLog(ConversationID, ClosedRange<UInt32>)
    /// Inserts presence rows, commits, and *then*, with a snapshot of its own, reads the live conversations of those
    /// users; this order excludes the lost wake-up.
    case announce([PresenceRow])
    /// Deletes rows of this node's own connections.
    case withdraw([PresenceKey])
    /// Deletes all rows of an incarnation that is gone.
    case forget(Incarnation)
    /// Presence of these users.
    case readPresence([UserID])
    /// All rows of this incarnation, to find those whose connection is gone.
    case readOwnPresence(Incarnation)
    /// Whose rows there are, to find those of nodes that are gone.
    case readPresentIncarnations
    /// Live conversations whose leader is none of `living`, whose deadline passed more than `grace` ago, or that a command to
    /// end waits for since more than two seconds, of the slice `slice` of `slices` by hash; at most `limit`. Deletes
    /// commands to end of conversations that are not live.
    case scanOrphans(living: [Incarnation], slice: Int, slices: Int, grace: Duration, limit: Int)
    /// Frees an index held by a half-sent transaction: terminates the store sessions of this incarnation.
    case terminateSessions(of: Incarnation)
    /// Deletes conversations that ended at least `age` ago, at most `limit`, and drops log partitions without live ones.
    /// A store may keep a conversation until the day after its birth, so that an id used again never meets the older log.
    /// Likewise, at most `limit` each: pushes written more than a day ago, and rows of pairs whose call is not live.
    case collect(endedBefore: Duration, limit: Int)
    /// Answers when the store can be written; for readiness and for the `.nostore` rule.
    case probe
    /// The feature level at which the cluster writes: that of its oldest node, raised by an operator.
    case readFeatureLevel
}

/// One transaction. Its confirmations are checked before its appends take effect.
public struct StoreBatch: Sendable {
    /// Connection to use, 0 ..< lanes. Barriers that claim a conversation go on a lane of their own (`barrierLane`), with
    /// a short lock timeout, so that an index held by a stopped leader's half-sent transaction delays nobody else.
    public var lane: StoreLane
    public var appends: [LogAppend]
    public var confirmations: [LogConfirmation]

    public init(lane: StoreLane, appends: [LogAppend] = [], confirmations: [LogConfirmation] = []) {
        self.lane = lane
        self.appends = appends
        self.confirmations = confirmations
    }
}

/// A store connection as the core sees it.
public enum StoreLane: Hashable, Sendable {
    case writer(Int)
    case barrier
}

/// The unique id of one append: who, and which of his.
public struct AppendID: Hashable, Sendable {
    public var incarnation: Incarnation
    public var counter: UInt64

    public init(incarnation: Incarnation, counter: UInt64) {
        self.incarnation = incarnation
        self.counter = counter
    }
}

/// One entry to be appended to one log.
public struct LogAppend: Sendable {
    public var conversation: ConversationID
    /// Dense from 1.
    public var index: UInt32
    /// The append that the leader believes to stand at `index − 1`; nil for index 1.
    public var predecessor: AppendID?
    public var id: AppendID
    public var entry: LogEntry
    /// The day that places the conversation's log in a partition; nil with index 1, where the store fixes it once.
    public var born: LogDay?
    /// True if `entry` holds a checkpoint fact: a load may start here.
    public var isCheckpoint: Bool
    /// The conversation's row as it shall be after this append.
    public var row: ConversationRow
    /// Users whose presence is to be read right behind the commit, in the same flush, with a snapshot of its own.
    public var presenceOf: [UserID]
    /// What follows in the same transaction, if and only if the append takes effect.
    public var pair: PairStep?
    public var push: PushStep?
    /// Names another conversation than this one.
    public var command: EndCommand?

    public init(
        conversation: ConversationID, index: UInt32, predecessor: AppendID?, id: AppendID, entry: LogEntry,
        born: LogDay?, isCheckpoint: Bool, row: ConversationRow, presenceOf: [UserID] = [], pair: PairStep? = nil,
        push: PushStep? = nil, command: EndCommand? = nil
    ) {
        self.conversation = conversation
        self.index = index
        self.predecessor = predecessor
        self.id = id
        self.entry = entry
        self.born = born
        self.isCheckpoint = isCheckpoint
        self.row = row
        self.presenceOf = presenceOf
        self.pair = pair
        self.push = push
        self.command = command
    }
}

/// Days since 1970 by the store's clock, fixed with a conversation's first entry and never taken from a clock later.
public struct LogDay: Hashable, Sendable {
    public let number: Int32
    public init(_ number: Int32) { self.number = number }
}

/// What is kept of a conversation beside its log, to find it by user, leader or deadline.
public struct ConversationRow: Equatable, Sendable {
    public var caller: UserID
    /// nil for a tombstone made by a lone cancel.
    public var callee: UserID?
    public var leader: Incarnation
    public var epoch: UInt32
    public var isEnded: Bool
    /// From this append on until the next deadline of the call is due; nil: none. In a loaded row: what remains of it, not
    /// negative. Only tells others when to look after a conversation: a store may be off by half a second.
    public var deadline: Duration?

    public init(
        caller: UserID, callee: UserID?, leader: Incarnation, epoch: UInt32, isEnded: Bool, deadline: Duration?
    ) {
        self.caller = caller
        self.callee = callee
        self.leader = leader
        self.epoch = epoch
        self.isEnded = isEnded
        self.deadline = deadline
    }
}

/// "My log holds nothing beyond `index`": asked before an answer that others will rely on (as Raft's ReadIndex).
public struct LogConfirmation: Sendable {
    public var conversation: ConversationID
    public var index: UInt32
    /// The append known to stand at `index`.
    public var id: AppendID
    public var born: LogDay

    public init(conversation: ConversationID, index: UInt32, id: AppendID, born: LogDay) {
        self.conversation = conversation
        self.index = index
        self.id = id
        self.born = born
    }
}

/// One entry as read from a log.
public struct StoredEntry: Sendable {
    public var index: UInt32
    public var id: AppendID
    public var entry: LogEntry
    /// How long ago the store's clock says it was written; not negative.
    public var age: Duration

    public init(index: UInt32, id: AppendID, entry: LogEntry, age: Duration) {
        self.index = index
        self.id = id
        self.entry = entry
        self.age = age
    }
}

/// A log as loaded: from the newest checkpoint (or the first entry) to its end.
public struct StoredLog: Sendable {
    public var born: LogDay
    public var row: ConversationRow
    public var entries: [StoredEntry]

    public init(born: LogDay, row: ConversationRow, entries: [StoredEntry]) {
        self.born = born
        self.row = row
        self.entries = entries
    }
}

/// Names one connection of a device in the presence table.
public struct PresenceKey: Hashable, Sendable {
    public var address: DeviceAddress
    public var incarnation: Incarnation
    public var connection: ConnectionID

    public init(address: DeviceAddress, incarnation: Incarnation, connection: ConnectionID) {
        self.address = address
        self.incarnation = incarnation
        self.connection = connection
    }
}

/// A connection of a device; inserted and deleted by its owner only.
public struct PresenceRow: Hashable, Sendable {
    public var key: PresenceKey
    /// The device's own connection counter: the highest is the newest.
    public var counter: UInt32

    public init(key: PresenceKey, counter: UInt32) {
        self.key = key
        self.counter = counter
    }
}

/// What the store tells the core.
public enum StoreEvent: Sendable {
    case completed(StoreRequestID, StoreResult)
    /// The lane's connection broke; what it had in flight is reported as `.unknown` or `.unavailable` after this.
    case laneLost(StoreLane, reason: String)
    /// A new connection stands; everything led by way of this lane is in doubt until a fresh barrier.
    case laneRestored(StoreLane)
}

public enum StoreResult: Sendable {
    case committed(StoreBatchResult)
    case loaded(StoredLog?)
    case read([StoredEntry])
    /// The users' live conversations.
    case announced([UserID: [ConversationID]])
    case presence([UserID: [PresenceRow]])
    case orphans([Orphan])
    case incarnations([Incarnation])
    case featureLevel(UInt32)
    /// withdraw, forget, terminateSessions, collect, probe.
    case done
    /// A commit whose outcome cannot be known.
    case unknown(reason: String)
    /// Provably without effect; try again.
    case unavailable(reason: String)
    /// The command itself is at fault and will fail again (a data error outside of appends, a log that cannot be
    /// decoded).
    case refused(reason: String)
}

/// A conversation that nobody seems to lead, or whose leader has not done what another call asked for.
public struct Orphan: Hashable, Sendable {
    public var conversation: ConversationID
    /// As the row names it.
    public var leader: Incarnation
    /// The reason of a command to end that waits.
    public var command: EndReason?

    public init(conversation: ConversationID, leader: Incarnation, command: EndReason? = nil) {
        self.conversation = conversation
        self.leader = leader
        self.command = command
    }
}

/// Results of one transaction, beside its appends and confirmations, in their order.
public struct StoreBatchResult: Sendable {
    public var appends: [AppendResult]
    /// True: the log ends where the confirmation said.
    public var confirmations: [Bool]
    /// Presence of the users that committed appends asked for.
    public var presence: [UserID: [PresenceRow]]
    /// How many pushes the committed appends have made due; a conversation without any is absent.
    public var pushes: [ConversationID: Int]

    public init(
        appends: [AppendResult], confirmations: [Bool] = [], presence: [UserID: [PresenceRow]] = [:],
        pushes: [ConversationID: Int] = [:]
    ) {
        self.appends = appends
        self.confirmations = confirmations
        self.presence = presence
        self.pushes = pushes
    }
}

public enum AppendResult: Equatable, Sendable {
    /// Durable; the day is that of the conversation's first entry.
    case committed(LogDay)
    /// The log is not as the leader believes: read again.
    case clash
    /// Without effect: the row of its two users names this other call (``PairStep``).
    case blocked(PairHolder)
    /// This append's own data is refused by the store.
    case refused(reason: String)
}
