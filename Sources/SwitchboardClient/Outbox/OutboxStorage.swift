/// Where a client keeps its outbox.
///
/// Called by one session at a time, on its event loop, so an adapter should be quick: it holds up that session only.
/// A change must be as durable as the adapter promises when `record` returns, for the message goes to the server next.
public protocol OutboxStorage: Sendable {
    /// What was kept; a fresh outbox if there is none.
    func load() throws -> OutboxRecord
    /// Keeps a change.
    func record(_ change: OutboxChange) throws
}
