import Foundation
import LocalCluster
import PostgresClient
import SwitchboardCore
import Testing

@testable import SwitchboardNode

@Suite("Feature level")
struct FeatureLevelChangeTests {
    @Test("A level is raised to one that this program knows, and never lowered")
    func decision() throws {
        #expect(try FeatureLevelChange.isChange(from: 1, to: FeatureLevel.newest))
        #expect(try !FeatureLevelChange.isChange(from: FeatureLevel.newest, to: FeatureLevel.newest))
        #expect(throws: FeatureLevelRefusal.lower(1, current: 2)) { try FeatureLevelChange.isChange(from: 2, to: 1) }
        let next = FeatureLevel.newest + 1
        #expect(throws: FeatureLevelRefusal.unknown(next, newest: FeatureLevel.newest)) {
            try FeatureLevelChange.isChange(from: 1, to: next)
        }
        // The database of a newer release.
        #expect(throws: FeatureLevelRefusal.lower(FeatureLevel.newest, current: next)) {
            try FeatureLevelChange.isChange(from: next, to: FeatureLevel.newest)
        }
    }

    @Test("What is shown says what to do")
    func shown() {
        let newest = FeatureLevel.newest
        #expect(FeatureLevelChange.describe(newest - 1).contains("switchboard feature-level raise \(newest)"))
        #expect(!FeatureLevelChange.describe(newest).contains("raise"))
        #expect(FeatureLevelChange.describe(newest + 1).contains("do not start a node"))
    }

    @Test("A node without a cluster has nothing to raise")
    func alone() async throws {
        let home = try TemporaryDirectory(label: "level")
        var flags = SettingsFlags()
        flags.data = home.file("calls.sqlite")
        let settings = try await NodeSettings.read(flags, environment: [:])
        #expect(try await FeatureLevelChange.show(settings).contains("SQLite"))
        await #expect(throws: FeatureLevelRefusal.noCluster) { try await FeatureLevelChange.raise(to: 2, settings) }
    }

    @Test("A cluster's level, on a real server: new at the newest, an older one raised once and for all")
    func cluster() async throws {
        var options = PostgresOptions()
        options.fsync = false
        let server = try PostgresServer(options: options)
        try await server.start()
        let home = try TemporaryDirectory(label: "level")
        try "a secret of more than enough bytes for tokens\n"
            .write(toFile: home.file("secret"), atomically: true, encoding: .utf8)
        let settings = try await NodeSettings.read(
            SettingsFlags(),
            environment: [
                "POSTGRES_URL": server.url, "ZOOKEEPER_HOSTS": "127.0.0.1:1", "CLUSTER_INSECURE": "true",
                "AUTH_SECRET_FILE": home.file("secret"),
            ])
        await #expect(throws: NodeError.self) { try await FeatureLevelChange.show(settings) }
        _ = try await Migration.run(settings)
        #expect(try await FeatureLevelChange.show(settings) == FeatureLevelChange.describe(FeatureLevel.newest))

        let connection = try PostgresConnection(try PostgresConfiguration(server.superuserConninfo))
        try await connection.query("UPDATE switchboard.cluster_settings SET value = '1' WHERE name = 'feature_level'")
        await connection.close()
        #expect(try await FeatureLevelChange.show(settings) == FeatureLevelChange.describe(1))
        await #expect(throws: FeatureLevelRefusal.self) { try await FeatureLevelChange.raise(to: 99, settings) }
        #expect(try await FeatureLevelChange.show(settings) == FeatureLevelChange.describe(1))

        #expect(try await FeatureLevelChange.raise(to: 2, settings).contains("from 1 to 2"))
        #expect(try await FeatureLevelChange.show(settings) == FeatureLevelChange.describe(2))
        #expect(try await FeatureLevelChange.raise(to: 2, settings).contains("already"))
        await #expect(throws: FeatureLevelRefusal.lower(1, current: 2)) {
            try await FeatureLevelChange.raise(to: 1, settings)
        }
        #expect(try await FeatureLevelChange.show(settings) == FeatureLevelChange.describe(2))
        try await server.stop()
    }
}
