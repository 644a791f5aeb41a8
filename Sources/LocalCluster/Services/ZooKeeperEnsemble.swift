import Foundation

/// A real ZooKeeper ensemble on loopback: one server, or several that elect a leader among themselves.
///
/// ```swift
/// let ensemble = try ZooKeeperEnsemble(servers: 3)
/// try await ensemble.start()
/// let client = connect(ensemble.connectString)
/// ```
public actor ZooKeeperEnsemble {
    /// Host and port of all servers, separated by commas, as every ZooKeeper client takes it.
    public nonisolated let connectString: String
    /// Where the servers' files are: `zookeeper-1` and so on, each with `zoo.cfg`, `data` and `log`.
    public nonisolated let directory: String

    private let servers: [ZooKeeperServer]
    private let options: ZooKeeperOptions
    private let temporary: TemporaryDirectory?
    private var processes: [Int: ManagedProcess] = [:]

    /// Lays out an ensemble; nothing runs yet.
    ///
    /// - Parameters:
    ///   - count: 1 or 3 (any odd number does).
    ///   - directory: Where to keep its files; a temporary directory that goes away with the actor if `nil`.
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
        servers = (0..<count).map { index in
            ZooKeeperServer(
                id: index + 1,
                clientPort: ports[3 * index],
                peerPort: ports[3 * index + 1],
                electionPort: ports[3 * index + 2],
                directory: "\(home)/zookeeper-\(index + 1)")
        }
        self.temporary = temporary
        self.directory = home
        self.options = options
        connectString = servers.map { "127.0.0.1:\($0.clientPort)" }.joined(separator: ",")
    }

    /// How many servers it has.
    public nonisolated var count: Int { servers.count }

    /// Host and port of one server, to connect to it alone.
    public nonisolated func connectString(of index: Int) -> String { "127.0.0.1:\(servers[index].clientPort)" }

    /// Starts every server that does not run, and returns when all serve and one leads.
    public func start(within limit: Duration = .seconds(60)) async throws {
        for index in servers.indices { try await launch(index) }
        try await waitUntilServing(within: limit)
    }

    /// Starts one server again after ``kill(_:)``; returns when it serves. It needs a quorum for that.
    public func start(_ index: Int, within limit: Duration = .seconds(60)) async throws {
        try await launch(index)
        let server = servers[index]
        try await waitUntil("\(server.name) serves", within: limit, detail: { self.tails() }) {
            try self.checkAlive(index)
            return await server.mode() != nil
        }
    }

    /// Ends all servers in an orderly way. Their data stays.
    public func stop() async throws {
        for process in processes.values { try await process.stop(patience: .seconds(5)) }
        processes = [:]
    }

    /// Kills one server (`kill -9`).
    public func kill(_ index: Int) async throws {
        try await processes[index]?.kill()
        processes[index] = nil
    }

    /// Kills all servers (`kill -9`): a total outage.
    public func killAll() async throws {
        for index in servers.indices { try await kill(index) }
    }

    /// Stops one server where it stands (SIGSTOP).
    public func pause(_ index: Int) { processes[index]?.pause() }

    /// Lets it go on (SIGCONT).
    public func resume(_ index: Int) { processes[index]?.resume() }

    /// Kills what runs and removes all data: the next ``start(within:)`` is that of a new, empty ensemble on the same ports.
    public func wipe() async throws {
        try await killAll()
        for server in servers { try Files.remove("\(server.directory)/data") }
    }

    /// Index of the server that leads; the single one of a standalone ensemble; `nil` without a quorum.
    public func leaderIndex() async -> Int? {
        for (index, server) in servers.enumerated() where processes[index] != nil {
            if let mode = await server.mode(), mode != .follower { return index }
        }
        return nil
    }

    /// Waits until every server that runs serves and one of them leads.
    public func waitUntilServing(within limit: Duration = .seconds(60)) async throws {
        try await waitUntil("the ZooKeeper ensemble serves", within: limit, detail: { self.tails() }) {
            var leaders = 0
            for index in self.processes.keys {
                try self.checkAlive(index)
                guard let mode = await self.servers[index].mode() else { return false }
                if mode != .follower { leaders += 1 }
            }
            return leaders == 1
        }
    }

    /// The running processes by server index, to write pid files or to signal them.
    public func runningProcesses() -> [Int: ManagedProcess] { processes.filter { $0.value.isRunning } }

    /// Takes over a server that an earlier command started.
    public func adopt(_ process: ManagedProcess, as index: Int) { processes[index] = process }

    private func launch(_ index: Int) async throws {
        if let process = processes[index], process.isRunning { return }
        let server = servers[index]
        try server.prepare(ensemble: servers.count == 1 ? [] : servers.map(\.ensembleLine), options: options)
        processes[index] = try await ManagedProcess.start(server.command(options: options), name: server.name)
    }

    private func checkAlive(_ index: Int) throws {
        guard let process = processes[index], !process.isRunning else { return }
        throw LocalClusterError.cannotStart(program: process.name, reason: "it ended\n\(process.logTail())")
    }

    private func tails() -> String {
        processes.values.map { "--- \($0.logFile)\n\($0.logTail(lines: 10))" }.joined(separator: "\n")
    }
}
