import ArgumentParser

/// `switchboard-bench`: what a cluster carries, how fast it is, and what it costs.
@main
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "switchboard-bench",
        abstract: "Measure a Switchboard cluster: durable messages, calls, latency, memory of idle connections.",
        discussion: """
            Without --url it starts a cluster of three nodes on loopback and ends it afterwards; build in release mode \
            for that.

            Examples:
              switchboard-bench messages
              switchboard-bench calls --seconds 30 --json
              switchboard-bench latency --calls 1000
              switchboard-bench idle --connections 10000
              switchboard-bench messages --url ws://n1:8080 --url ws://n2:8080 --secret-file secret \
            --reference-conninfo postgresql://bench@db/bench
            """,
        subcommands: [Messages.self, Calls.self, Latency.self, Idle.self])
}
