import Foundation
import LocalCluster

/// One run of the `switchboard` program to its end.
struct CommandRun {
    let exit: ManagedProcess.Exit
    let output: String

    /// - Parameter environment: on top of this process's own.
    static func run(_ arguments: [String], in directory: TemporaryDirectory, environment: [String: String] = [:])
        async throws -> CommandRun
    {
        let log = directory.file("output-\(UUID().uuidString)")
        let process = try await ManagedProcess.start(
            LaunchCommand(BuildProducts.node, arguments, environment: environment, logFile: log))
        do {
            let exit = try await process.waitForExit(within: .seconds(30))
            return CommandRun(exit: exit, output: LogFile.tail(of: log, lines: 1000))
        } catch {
            try? await process.kill()
            throw error
        }
    }

    /// It failed, and in words for people: no trap, no stack.
    var failedOrderly: Bool {
        guard case .code(let code) = exit, code != 0 else { return false }
        return !["Fatal error", "Stack dump", "Crash", "Thread 0"].contains { output.contains($0) }
    }
}
