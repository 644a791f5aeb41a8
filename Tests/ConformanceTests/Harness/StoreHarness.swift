import StoreTestSupport
import SwitchboardCore

/// Gives the suite one empty store of some kind, and as many nodes on it as a test wants.
protocol StoreHarness: Sendable {
    /// A node with a store of its own if the kind allows several, else one that shares it.
    func node(_ name: String) async throws -> StoreClient
    /// The push outbox of that store, as a node has it.
    func outbox(_ name: String) async throws -> any PushOutbox
    /// Lets so many days pass for the birthdays of conversations.
    func advanceDays(_ days: Int) async throws
    /// Lets go of everything; nodes are useless afterwards.
    func close() async throws
}
