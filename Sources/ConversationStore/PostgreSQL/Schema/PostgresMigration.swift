/// One step of the database's schema.
///
/// Nodes of two versions share a database while a cluster is updated, so a step only adds what older nodes do not mind
/// (expand), and what they used is removed by a step of a later release (contract). Server-side functions carry a version
/// in their name and are never changed once released: a node calls those that it was built for.
struct PostgresMigration: Sendable {
    /// Counted from 1, without gaps.
    let version: Int
    /// For operators.
    let name: String
    /// Run in order, one command each, all steps in one transaction.
    let statements: [String]

    /// All steps, in order.
    static let all: [PostgresMigration] = [.conversationLogs, .calls]

    /// The version that this program needs.
    static var newest: Int { all.last?.version ?? 0 }
}
