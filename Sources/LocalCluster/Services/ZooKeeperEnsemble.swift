import Foundation

/// A real ZooKeeper ensemble on loopback: one server, or several that elect a leader among themselves.
///
/// ```swift
/// let ensemble = try ZooKeeperEnsemble(servers: 3)
/// try await ensemble.start()
/// let client = connect(ensemble.connectString)
/// ```
public final class ZooKeeperEnsemble: Sendable {
    /// Host and port of all servers, separated by commas, as every ZooKeeper client takes it.
    public let connectString: String
    /// Where the servers' files are: `zookeeper-1` and so on, each with `zoo.cfg`, `data` and `log`.
    public let directory: String

    /// What runs the servers, by index.
    let runners: [ServiceRunner]
    private let servers: [ZooKeeperServer]
    private let temporary: TemporaryDirectory?

    /// Lays out an ensemble; nothing runs yet, unless an earlier command left it running in this directory.
    ///
    /// - Parameters:
    ///   - count: 1 or 3 (any odd number does).
    ///   - directory: Where to keep its files; a temporary directory that goes away with the value if `nil`.
    ///   - ports: Three for each server: client, peer and election port; free ones if `nil`.
    public init(
        servers count: Int = 1,
        directory: String? = nil,
        ports: [Int]? = nil,
        options: ZooKeeperOptions = ZooKeeperOptions()
    ) throws {
        let ports = try ports ?? FreePorts.take(3 * count)
        guard count > 0, ports.count == 3 * count else {
            throw LocalClusterError.failed("an ensemble of \(count) needs \(3 * count) ports, not \(ports.count)")
        }
        let temporary = directory == nil ? try TemporaryDirectory(label: "zk") : nil
        let home = directory ?? temporary?.path ?? ""
        var servers = (0..<count).map { index in
            ZooKeeperServer(
                id: index + 1,
                clientPort: ports[3 * index],
                peerPort: ports[3 * index + 1],
                electionPort: ports[3 * index + 2],
                directory: "\(home)/zookeeper-\(index + 1)",
                options: options)
        }
        if count > 1 {
            let lines = servers.map(\.ensembleLine)
            for index in servers.indices { servers[index].ensemble = lines }
        }
        self.servers = servers
        self.temporary = temporary
        self.directory = home
        runners = servers.map { ServiceRunner($0) }
        connectString = servers.map { "127.0.0.1:\($0.clientPort)" }.joined(separator: ",")
    }

    /// How many servers it has.
    public var count: Int { servers.count }

    /// Host and port of one server, to connect to it alone.
    public func connectString(of index: Int) -> String { "127.0.0.1:\(servers[index].clientPort)" }

    /// Starts every server that does not run, and returns when all serve and one leads.
    public func start(within limit: Duration = .seconds(60)) async throws {
        for runner in runners { try await runner.launch() }
        try await waitUntilServing(within: limit)
    }

    /// Starts one server again after ``kill(_:)``; returns when it serves. It needs a quorum for that.
    public func start(_ index: Int, within limit: Duration = .seconds(60)) async throws {
        try await runners[index].launch()
        try await runners[index].waitUntilReady(within: limit)
    }

    /// Ends all servers in an orderly way. Their data stays.
    public func stop() async throws {
        for runner in runners { try await runner.stop() }
    }

    /// Kills one server (`kill -9`).
    public func kill(_ index: Int) async throws { try await runners[index].kill() }

    /// Kills all servers (`kill -9`): a total outage.
    public func killAll() async throws {
        for runner in runners { try await runner.kill() }
    }

    /// Stops one server where it stands (SIGSTOP).
    public func pause(_ index: Int) async { await runners[index].pause() }

    /// Lets it go on (SIGCONT).
    public func resume(_ index: Int) async { await runners[index].resume() }

    /// Kills what runs and removes all data: the next ``start(within:)`` is that of a new, empty ensemble on the same ports.
    public func wipe() async throws {
        try await killAll()
        for server in servers { try Files.remove("\(server.directory)/data") }
    }

    /// Index of the server that leads; the single one of a standalone ensemble; `nil` without a quorum.
    public func leaderIndex() async -> Int? {
        for (index, server) in servers.enumerated() {
            if let mode = await server.mode(), mode != .follower { return index }
        }
        return nil
    }

    /// Waits until every server that runs serves and one of them leads.
    public func waitUntilServing(within limit: Duration = .seconds(60)) async throws {
        let running = await runningProcesses()
        let tails = { running.values.map { "--- \($0.logFile)\n\($0.logTail(lines: 10))" }.joined(separator: "\n") }
        try await waitUntil("the ZooKeeper ensemble serves", within: limit, detail: tails) {
            var leaders = 0
            for (index, process) in running {
                guard process.isRunning else {
                    throw LocalClusterError.cannotStart(program: process.name, reason: "it ended\n\(process.logTail())")
                }
                guard let mode = await self.servers[index].mode() else { return false }
                if mode != .follower { leaders += 1 }
            }
            return leaders == 1
        }
    }

    /// The running processes by server index, to look at or to signal.
    public func runningProcesses() async -> [Int: ManagedProcess] {
        var processes: [Int: ManagedProcess] = [:]
        for (index, runner) in runners.enumerated() { processes[index] = await runner.running }
        return processes
    }
}
