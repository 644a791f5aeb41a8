import Foundation
import LocalCluster

/// A real coturn on loopback, with the secrets that it shares. It ends with this process at the latest.
final class TurnServer: Sendable {
    let port: Int
    let process: ManagedProcess
    private let directory: TemporaryDirectory

    private init(port: Int, process: ManagedProcess, directory: TemporaryDirectory) {
        (self.port, self.process, self.directory) = (port, process, directory)
    }

    /// Waits until it answers.
    ///
    /// - Parameter further: Lines of its configuration.
    static func start(secrets: [String], further: [String] = []) async throws -> TurnServer {
        let directory = try TemporaryDirectory(label: "coturn")
        let port = try FreePorts.one()
        let settings =
            [
                "listening-ip=127.0.0.1", "listening-port=\(port)", "relay-ip=127.0.0.1",
                // Relayed addresses come from the kernel's range: nobody else binds UDP there but for a moment.
                "min-port=49152", "max-port=65535", "realm=switchboard.test", "use-auth-secret",
                "allow-loopback-peers", "no-tls", "no-dtls", "no-cli", "no-rfc5780", "simple-log", "log-file=stdout",
                "pidfile=\(directory.file("pid"))", "userdb=\(directory.file("db"))",
            ] + secrets.map { "static-auth-secret=\($0)" } + further
        let file = directory.file("turnserver.conf")
        try settings.joined(separator: "\n").write(toFile: file, atomically: true, encoding: .utf8)
        let process = try await ManagedProcess.start(
            LaunchCommand("turnserver", ["-c", file], logFile: directory.file("log")), name: "coturn")
        let server = TurnServer(port: port, process: process, directory: directory)
        let probe = try TurnClient(port: port, username: "nobody", password: "")
        guard try await probe.allocate() == .refused(401) else {
            throw LocalClusterError.timedOut(
                waitingFor: "coturn answers", after: .seconds(10), detail: process.logTail())
        }
        return server
    }

    func stop() async throws { try await process.stop() }
}
