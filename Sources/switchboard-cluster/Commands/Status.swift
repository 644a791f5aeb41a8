import ArgumentParser
import LocalCluster

/// `status`
struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what runs, on which ports.",
        discussion: """
            Exits with 1 unless everything is ready.

            Example:
              Scripts/cluster status
            """)

    @OptionGroup var state: StateOption

    func run() async throws {
        let cluster = try state.cluster()
        let parts = await cluster.status()
        let rows = parts.map { part in
            [
                part.name, part.state.rawValue, part.pid.map { "pid \($0)" } ?? "-",
                part.ports.map(String.init).joined(separator: " "),
            ]
        }
        print(Console.table([["SERVER", "STATE", "PROCESS", "PORTS"]] + rows))
        print("\nClients: \(cluster.url)   State: \(cluster.directory)")
        guard parts.allSatisfy({ $0.state == .ready }) else { throw ExitCode.failure }
    }
}
