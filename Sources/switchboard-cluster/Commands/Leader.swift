import ArgumentParser
import LocalCluster

/// `leader`
struct Leader: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say which node leads a call.",
        discussion: """
            Exits with 1 if no node knows the call. The demo page shows the id of a call.

            Example:
              Scripts/cluster leader 4f7c3c8e-6d0e-4b5e-9a55-0d8f6f3b2a11
            """)

    @OptionGroup var state: StateOption
    @Argument(help: "Id of the call (of its conversation).")
    var callID: String

    func run() async throws {
        guard let leader = try await state.cluster().leader(of: callID) else {
            Console.progress("no live call has the id \(callID)")
            throw ExitCode.failure
        }
        print("\(leader.node)  (incarnation \(leader.incarnation), epoch \(leader.epoch))")
    }
}
