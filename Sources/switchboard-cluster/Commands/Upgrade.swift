import ArgumentParser
import Foundation
import LocalCluster

/// `upgrade`
struct Upgrade: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Replace the program of all nodes, one after the other, while calls go on.",
        discussion: """
            Each node is drained (switchboard drain), started from the new program, and ready before the next one leaves. The
            cluster's feature level stays; when all nodes are new, raise it with: switchboard feature-level raise

            Example:
              Scripts/upgrade --program .build/release/switchboard
            """)

    @OptionGroup var state: StateOption
    @Option(help: ArgumentHelp("Path of the new program.", valueName: "path"))
    var program: String

    func run() async throws {
        let path = URL(fileURLWithPath: program).standardizedFileURL.path
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw ValidationError("\(path) is no program; build it with: swift build --product switchboard")
        }
        let cluster = try state.cluster()
        try await cluster.upgrade(to: path)
        print("all nodes run \(path)")
    }
}
