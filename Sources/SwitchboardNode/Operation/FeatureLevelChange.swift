import ConversationStore
import SwitchboardCore

/// `switchboard feature-level`: shows and raises the level at which a cluster writes.
public enum FeatureLevelChange {
    /// - Returns: the cluster's level and this program's, for people.
    /// - Throws: `NodeError` if the database can't be reached.
    public static func show(_ settings: NodeSettings) async throws -> String {
        guard let url = databaseURL(settings) else {
            return """
                This node keeps its data in SQLite and is alone: it writes at the level of its own program, \
                \(FeatureLevel.newest).
                """
        }
        let current = try await store { () async throws(PostgresStoreError) in
            try await PostgresFeatureLevel.read(connectionString: url)
        }
        return describe(current)
    }

    /// - Returns: what was done, and what it means.
    /// - Throws: ``FeatureLevelRefusal``; `NodeError` if the database can't be reached or changed.
    public static func raise(to level: UInt32, _ settings: NodeSettings) async throws -> String {
        guard let url = databaseURL(settings) else { throw FeatureLevelRefusal.noCluster }
        let current = try await store { () async throws(PostgresStoreError) in
            try await PostgresFeatureLevel.read(connectionString: url)
        }
        guard try isChange(from: current, to: level) else { return "The cluster is at feature level \(level) already." }
        _ = try await store { () async throws(PostgresStoreError) in
            try await PostgresFeatureLevel.raise(to: level, connectionString: url)
        }
        return """
            Raised the cluster's feature level from \(current) to \(level). The nodes notice it by themselves.

            From now on conversations may hold what nodes of older releases cannot read: do not start any of these again.
            There is no way back.
            """
    }

    /// - Returns: False if there is nothing to do.
    static func isChange(from current: UInt32, to level: UInt32) throws(FeatureLevelRefusal) -> Bool {
        guard level <= FeatureLevel.newest else { throw .unknown(level, newest: FeatureLevel.newest) }
        guard level >= current else { throw .lower(level, current: current) }
        return level > current
    }

    static func describe(_ current: UInt32) -> String {
        let levels =
            "The cluster writes at feature level \(current); this program knows levels up to \(FeatureLevel.newest)."
        if current > FeatureLevel.newest {
            return levels + "\n\nThe cluster is of a newer release: do not start a node of this one in it."
        }
        guard current < FeatureLevel.newest else { return levels }
        return levels + """


            When every node of the cluster runs this release, and none will run an older one again, raise it:
              switchboard feature-level raise \(FeatureLevel.newest)
            """
    }

    private static func databaseURL(_ settings: NodeSettings) -> String? {
        guard case .postgres(let url, _, _) = settings.store else { return nil }
        return url.text
    }

    private static func store<Value>(
        _ body: () async throws(PostgresStoreError) -> Value
    ) async throws(NodeError) -> Value {
        do {
            return try await body()
        } catch {
            throw .store("\(error)")
        }
    }
}

/// Why the feature level is left as it is.
public enum FeatureLevelRefusal: Error, Equatable, CustomStringConvertible {
    case lower(UInt32, current: UInt32)
    case unknown(UInt32, newest: UInt32)
    case noCluster

    public var description: String {
        switch self {
        case .lower(let level, let current):
            """
            the cluster is at feature level \(current) and cannot go back to \(level): its conversations may hold what \
            level \(level) cannot read
            """
        case .unknown(let level, let newest):
            """
            this program knows feature levels up to \(newest), not \(level): run the command of the release that all \
            nodes have
            """
        case .noCluster:
            """
            this node keeps its data in SQLite and is alone, so it writes at its own level; name the cluster's \
            configuration with --config
            """
        }
    }
}
