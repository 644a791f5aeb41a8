import StoreTestSupport

/// Gives the suite one empty store of some kind, and as many nodes on it as a test wants.
protocol StoreHarness: Sendable {
    /// A node with a store of its own if the kind allows several, else one that shares it.
    func node(_ name: String) async throws -> StoreClient
    /// Lets so many days pass for the birthdays of conversations.
    func advanceDays(_ days: Int) async throws
    /// Lets go of everything; nodes are useless afterwards.
    func close() async throws
}
