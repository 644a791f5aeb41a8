public import ConversationStore
public import SwitchboardCore
public import SwitchboardProtocol
import Synchronization

/// A node as its store sees it: an incarnation with a store of its own, asked by `await` instead of by messages.
public final class StoreClient: Sendable {
    public let incarnation: Incarnation
    private let inbox: StoreInbox
    private let store: any ConversationStore
    private let counter = Atomic<UInt64>(0)

    /// - Parameter open: Makes the store, which is to report to the handler that it is given.
    public init(
        _ name: String, open: (@escaping StoreEventHandler) throws -> any ConversationStore
    ) rethrows {
        let inbox = StoreInbox()
        incarnation = Incarnation(trusted: name)
        self.inbox = inbox
        store = try open { event in inbox.received(event) }
    }

    /// A second incarnation on the same store, for stores of which there can be one only.
    public init(_ name: String, sharing other: StoreClient) {
        incarnation = Incarnation(trusted: name)
        inbox = other.inbox
        store = other.store
    }

    /// What the store reported so far, in order.
    public var journal: [StoreOccurrence] { inbox.journal }

    /// Ids that were completed twice, or never asked for; a store must leave this empty.
    public var strayCompletions: [StoreRequestID] { inbox.strays }

    /// An id that no append of this incarnation has had.
    public func nextID() -> AppendID {
        AppendID(incarnation: incarnation, counter: counter.add(1, ordering: .relaxed).newValue)
    }

    /// Submits the command now; the result can be awaited later.
    public func start(_ command: StoreCommand) -> PendingResult {
        let id = inbox.open()
        store.submit(command, id: id)
        return PendingResult(inbox: inbox, id: id)
    }

    public func result(of command: StoreCommand) async -> StoreResult {
        await start(command).value
    }

    public func commit(
        _ appends: [LogAppend], confirming confirmations: [LogConfirmation] = [], lane: StoreLane = .writer(0)
    ) async -> StoreResult {
        await result(of: .commit(StoreBatch(lane: lane, appends: appends, confirmations: confirmations)))
    }
}

/// A result that may not be there yet.
public struct PendingResult: Sendable {
    let inbox: StoreInbox
    public let id: StoreRequestID

    public var value: StoreResult {
        get async { await inbox.result(of: id) }
    }

    /// Whether it is there.
    public var isComplete: Bool { inbox.isComplete(id) }
}

/// Something that a store reported.
public enum StoreOccurrence: Hashable, Sendable {
    case completed(StoreRequestID)
    case lost(StoreLane)
    case restored(StoreLane)
}
