import Foundation
import LocalCluster

/// A real `switchboard serve`: one node with SQLite, on free ports, with its data in a temporary directory. It ends with this
/// process at the latest.
final class RunningNode: Sendable {
    /// What the node is told; the rest is as by default.
    struct Setup: Sendable {
        /// Further keys of the configuration file; nil: no file at all, so the node is in demo mode by default.
        var file: String? = "{}"
        var arguments: [String] = []

        /// Authenticates by a secret, no demo mode.
        static let configured = Setup()
        static let unconfigured = Setup(file: nil)
    }

    static let tokenSecret = "integration-tests-secret-0123456789"

    let directory: TemporaryDirectory
    let port: Int
    let internalPort: Int
    private let setup: Setup
    let process: ManagedProcess

    private init(
        directory: TemporaryDirectory, port: Int, internalPort: Int, setup: Setup, process: ManagedProcess
    ) {
        self.directory = directory
        self.port = port
        self.internalPort = internalPort
        self.setup = setup
        self.process = process
    }

    var dataFile: String { directory.file("calls.sqlite") }
    var log: String { LogFile.tail(of: process.logFile, lines: 1000) }

    /// Starts a node and waits until it is ready.
    static func start(_ setup: Setup = .configured) async throws -> RunningNode {
        let directory = try TemporaryDirectory(label: "node")
        try tokenSecret.write(toFile: directory.file("jwt.secret"), atomically: true, encoding: .utf8)
        let ports = try FreePorts.take(2)
        return try await start(in: directory, port: ports[0], internalPort: ports[1], setup)
    }

    /// Starts the node again on the same ports and the same data. The old process must have ended.
    func startAgain() async throws -> RunningNode {
        try await Self.start(in: directory, port: port, internalPort: internalPort, setup)
    }

    /// Runs a body with a node of its own, and ends the node.
    static func with(_ setup: Setup = .configured, _ body: (RunningNode) async throws -> Void) async throws {
        let node = try await start(setup)
        do {
            try await body(node)
        } catch {
            try await node.process.kill()
            throw error
        }
        try await node.process.kill()
    }

    private static func start(
        in directory: TemporaryDirectory, port: Int, internalPort: Int, _ setup: Setup
    ) async throws -> RunningNode {
        let process = try await ManagedProcess.start(
            LaunchCommand(
                BuildProducts.node, try arguments(in: directory, port: port, internalPort: internalPort, setup),
                environment: ["SWITCHBOARD_ROOT": ProjectLayout.root], logFile: directory.file("log")))
        try await waitUntil(
            "the node is ready", within: .seconds(30), detail: { LogFile.tail(of: process.logFile, lines: 40) },
            { await LoopbackRequest.get("/health/ready", port: internalPort)?.status == 200 })
        return RunningNode(
            directory: directory, port: port, internalPort: internalPort, setup: setup, process: process)
    }

    static func arguments(
        in directory: TemporaryDirectory, port: Int, internalPort: Int, _ setup: Setup
    ) throws -> [String] {
        var arguments = ["serve", "--port", "\(port)", "--internal-port", "\(internalPort)"]
        arguments += ["--data", directory.file("calls.sqlite")] + setup.arguments
        if let file = setup.file {
            var object = try JSONSerialization.jsonObject(with: Data(file.utf8)) as? [String: Any] ?? [:]
            object["auth"] = ["secretFile": directory.file("jwt.secret")]
            try JSONSerialization.data(withJSONObject: object)
                .write(to: URL(filePath: directory.file("node.json")))
            arguments += ["--config", directory.file("node.json")]
        }
        return arguments
    }

    // MARK: Shared

    /// One node that many tests talk to, each with users of its own.
    static func shared() async throws -> RunningNode { try await sharedTask.value }
    /// One node without any configuration.
    static func sharedDemo() async throws -> RunningNode { try await sharedDemoTask.value }

    private static let sharedTask = Task { try await start() }
    private static let sharedDemoTask = Task { try await start(.unconfigured) }

    // MARK: HTTP

    /// Status and body of a request to the clients' port.
    func post(_ path: String, _ body: String, host: String? = nil, headers: String = "") async -> (
        status: Int, body: String
    )? {
        let request =
            "POST \(path) HTTP/1.1\r\nHost: \(host ?? "127.0.0.1:\(port)")\r\nConnection: close\r\n\(headers)"
            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        guard let answer = await LoopbackRequest.send(request, port: port) else { return nil }
        let fields = answer.prefix { $0 != "\r\n" }.split(separator: " ")
        guard fields.count >= 2, let status = Int(fields[1]) else { return nil }
        return (status, answer.range(of: "\r\n\r\n").map { String(answer[$0.upperBound...]) } ?? "")
    }

    func metrics() async throws -> [Metric] {
        guard let answer = await LoopbackRequest.get("/metrics", port: internalPort), answer.status == 200 else {
            throw LocalClusterError.failed("/metrics does not answer")
        }
        return try Metric.parse(answer.body)
    }
}
