import ArgumentParser

/// The command behind `Scripts/cluster`: a whole cluster on this machine, to try, to measure and to hurt.
@main
struct ClusterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster",
        abstract:
            "A whole Switchboard cluster on this machine: three ZooKeeper servers, PostgreSQL, three nodes, HAProxy.",
        discussion: """
            Everything listens on 127.0.0.1 and keeps its state under one directory (--state).

            A first round:
              Scripts/cluster up
              Scripts/cluster probe --calls 20
              Scripts/cluster kill n1
              Scripts/cluster probe --calls 20
              Scripts/cluster restart n1
              Scripts/cluster down
            """,
        subcommands: [
            Up.self, Status.self, Probe.self, Kill.self, Pause.self, Resume.self, Restart.self, Leader.self, Logs.self,
            Upgrade.self, Down.self,
        ])
}
