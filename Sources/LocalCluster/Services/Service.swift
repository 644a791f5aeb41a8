import Foundation

/// A server that a local cluster is made of: what to run, and how to tell that it is ready. ``ServiceRunner`` runs it.
protocol Service: Sendable {
    /// What operators call it: `n1`, `zookeeper-2`, `postgres`.
    var name: String { get }
    /// Directory with everything that it writes.
    var directory: String { get }
    /// Ports of 127.0.0.1 that it listens on.
    var ports: [Int] { get }
    /// What becomes of it when we end.
    var lifetime: LaunchCommand.Lifetime { get }
    /// The signal that asks it to end in an orderly way.
    var stopSignal: Int32 { get }
    /// How long it may take to end before it is killed.
    var stopPatience: Duration { get }

    /// Writes its files and says how to start it.
    func prepare() async throws -> LaunchCommand
    /// Whether it does its job.
    func isReady() async -> Bool
}

extension Service {
    var stopSignal: Int32 { SIGTERM }
    var stopPatience: Duration { .seconds(10) }
    /// File with its output.
    var logFile: String { "\(directory)/log" }
    /// File with the identity of its process.
    var pidFile: String { "\(directory)/pid" }
}
