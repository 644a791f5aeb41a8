import ArgumentParser
import LocalCluster

/// `down`
struct Down: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "End everything; no process is left. The state stays for the next up.",
        discussion: """
            Examples:
              Scripts/cluster down
              Scripts/cluster down --wipe
            """)

    @OptionGroup var state: StateOption
    @Flag(help: "Also remove all state: calls, secrets, logs.")
    var wipe = false

    func run() async throws {
        guard try LocalCluster.savedSettings(in: state.directory) != nil else {
            print("Nothing is up in \(state.directory)")
            return
        }
        let cluster = try state.cluster()
        try await cluster.down()
        if wipe { try await cluster.wipe() }
        print(
            wipe
                ? "The cluster is down and its state is gone"
                : "The cluster is down; its state is in \(state.directory)")
    }
}
