import ArgumentParser
import Foundation
import LocalCluster

/// Where the cluster is: the option that all subcommands share.
struct StateOption: ParsableArguments {
    @Option(
        name: .customLong("state"),
        help: ArgumentHelp(
            "Directory with all state of the cluster.",
            discussion: "Default: SWITCHBOARD_STATE, else .cluster in the project.", valueName: "directory"))
    var given: String?

    /// Absolute path of the directory.
    var directory: String { URL(filePath: given ?? StatePath.default).standardizedFileURL.path }

    /// The cluster that was brought up there.
    func cluster() throws -> LocalCluster {
        try LocalCluster.existing(in: directory, progress: Console.progress)
    }
}
