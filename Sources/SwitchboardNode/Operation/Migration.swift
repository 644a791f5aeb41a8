import ConversationStore

/// `switchboard migrate`.
public enum Migration {
    /// - Returns: what was done, for people.
    /// - Throws: `NodeError` if the database can't be reached or changed.
    public static func run(_ settings: NodeSettings) async throws -> String {
        guard case .postgres(let url, _, _) = settings.store else {
            return "This node keeps its data in SQLite, whose schema it makes itself; nothing to do."
        }
        do {
            let report = try await PostgresMigrations.apply(connectionString: url.text)
            return report.applied.isEmpty
                ? "The schema is up to date (version \(report.version))."
                : "Applied \(report.applied.joined(separator: ", ")); the schema is at version \(report.version)."
        } catch {
            throw NodeError.store("\(error)")
        }
    }
}
