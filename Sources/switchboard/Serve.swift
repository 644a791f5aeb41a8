import ArgumentParser
import Foundation
import Logging
import ServiceLifecycle
import SwitchboardNode
import UnixSignals

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a node.",
        discussion: """
            Without configuration: one node with everything inside (SQLite, no ZooKeeper), in demo mode, on
            http://127.0.0.1:8080. With a configuration that names ZooKeeper and PostgreSQL: a node of a cluster.
            SIGTERM lets it leave in order: clients are sent elsewhere, nothing is lost.

            Examples:
              switchboard serve
              switchboard serve --port 9000 --data /var/lib/switchboard/calls.sqlite
              switchboard serve --config /etc/switchboard/node.json
            """)

    @OptionGroup var options: SettingsOptions

    func run() async throws {
        let settings = try await options.read()
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = settings.logLevel
            return handler
        }
        let logger = Logger(label: "switchboard")
        let node = SwitchboardNode(settings, logger: logger) { line in
            print(line)
            fflush(nil)
        }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: node, successTerminationBehavior: .gracefullyShutdownGroup)],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
    }
}
