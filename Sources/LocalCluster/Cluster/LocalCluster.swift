import Foundation

/// A whole Switchboard cluster on loopback: ZooKeeper ensemble, PostgreSQL, nodes, and HAProxy in front.
///
/// Its servers are addressed by name: `zookeeper-1`…, `postgres`, `n1`…, `haproxy`. All of its state is in one directory; a
/// second value on the same directory finds the servers that the first has left running.
///
/// ```swift
/// let cluster = try LocalCluster(topology: .free(nodes: 3))
/// try await cluster.up()
/// let leader = try await cluster.leader(of: call)
/// try await cluster.kill(leader.node)
/// ```
public final class LocalCluster: Sendable {
    /// Who listens where.
    public let topology: Topology
    /// The directory with all state.
    public let directory: String
    /// The ensemble, to do more to it than to a server by name.
    public let zooKeeper: ZooKeeperEnsemble
    /// The database, likewise.
    public let postgres: PostgresServer

    /// What is kept for later commands.
    public let settings: ClusterSettings

    let state: StateDirectory
    private let nodeRunners: [ServiceRunner]
    let programs: [String: NodeProgram]
    private let balancer: ServiceRunner
    let progress: @Sendable (String) -> Void
    private let temporary: TemporaryDirectory?

    /// Lays out a cluster; nothing is started.
    ///
    /// - Parameters:
    ///   - topology: Who listens where.
    ///   - directory: Where to keep state; a temporary directory that goes away with the value if `nil`.
    ///   - options: How it runs.
    ///   - progress: Told in one line what is being done.
    public init(
        topology: Topology,
        directory: String? = nil,
        options: LocalClusterOptions = LocalClusterOptions(),
        progress: @escaping @Sendable (String) -> Void = { _ in }
    ) throws {
        let temporary = directory == nil ? try TemporaryDirectory(label: "cluster") : nil
        let state = StateDirectory(path: directory ?? temporary?.path ?? "")
        self.temporary = temporary
        self.state = state
        self.directory = state.path
        self.topology = topology
        self.progress = progress

        var zooKeeperOptions = options.zooKeeper
        zooKeeperOptions.lifetime = options.lifetime
        zooKeeper = try ZooKeeperEnsemble(
            servers: topology.zooKeeperCount, directory: state.path, ports: topology.zooKeeperPorts,
            options: zooKeeperOptions)
        var postgresOptions = options.postgres
        postgresOptions.lifetime = options.lifetime
        postgres = try PostgresServer(
            directory: state.directory(of: "postgres"), port: topology.postgresPort, options: postgresOptions)

        let shared = [
            "DATACENTER": "dc1",
            "CLUSTER_ID": "local",
            "SECRETS": state.secrets,
            "ZOOKEEPER_HOSTS": zooKeeper.connectString,
            "SESSION_TIMEOUT_MS": String(Int(options.sessionTimeout / .milliseconds(1))),
            "POSTGRES_URL": postgres.url,
            "DEMO": options.demo ? "true" : "false",
        ]
        let binary = options.binary ?? BuildProducts.node
        settings = ClusterSettings(
            topology: topology, binary: binary, demo: options.demo, balance: options.balance)
        let programs = topology.nodes.map { ($0, NodeProgram(binary, environment: options.nodeEnvironment)) }
        self.programs = Dictionary(uniqueKeysWithValues: programs.map { ($0.name, $1) })
        nodeRunners = programs.map { node, program in
            ServiceRunner(
                NodeService(
                    node: node, directory: state.directory(of: node.name), program: program, shared: shared,
                    lifetime: options.lifetime))
        }
        balancer = ServiceRunner(
            HAProxyService(
                directory: state.directory(of: "haproxy"), port: topology.balancerPort, balance: options.balance,
                nodes: topology.nodes, lifetime: options.lifetime))
    }

    /// The cluster that an earlier ``up(within:)`` has left in a directory, its servers outliving this process.
    ///
    /// - Throws: ``LocalClusterError/file(path:reason:)`` if there is none.
    public static func existing(
        in directory: String, progress: @escaping @Sendable (String) -> Void = { _ in }
    ) throws -> LocalCluster {
        guard let settings = try savedSettings(in: directory) else {
            throw LocalClusterError.file(path: directory, reason: "no cluster was brought up here; try: up")
        }
        return try LocalCluster(detached: settings, directory: directory, progress: progress)
    }

    /// A cluster whose servers outlive this process.
    public convenience init(
        detached settings: ClusterSettings, directory: String, progress: @escaping @Sendable (String) -> Void = { _ in }
    ) throws {
        var options = LocalClusterOptions()
        options.binary = settings.binary
        options.demo = settings.demo
        options.balance = settings.balance
        options.lifetime = .detached
        try self.init(topology: settings.topology, directory: directory, options: options, progress: progress)
    }

    /// The settings that an earlier ``up(within:)`` in this directory has written; `nil` if there was none.
    public static func savedSettings(in directory: String) throws -> ClusterSettings? {
        try StateDirectory(path: directory).readSettings()
    }

    /// Where clients and people go: `http://127.0.0.1:8080`.
    public var url: String { "http://127.0.0.1:\(topology.balancerPort)" }
    /// Where clients' WebSockets go.
    public var webSocketURL: String { "ws://127.0.0.1:\(topology.balancerPort)/v1/connect" }
    /// File with the secret that signs users' tokens.
    public var tokenSecretFile: String { state.tokenSecretFile }
    /// Names of all servers, in the order in which they are started.
    public var partNames: [String] { runners.map(\.service.name) }

    /// Brings up what does not run, in order, and returns when the whole cluster is ready.
    ///
    /// - Parameter limit: For each kind of server.
    public func up(within limit: Duration = .seconds(90)) async throws {
        let lock = try state.lock()
        defer { close(lock) }
        try state.prepare()
        try state.write(settings)
        progress("ZooKeeper: \(topology.zooKeeperCount) servers")
        try await zooKeeper.start(within: limit)
        progress("PostgreSQL")
        try await postgres.start(within: limit)
        progress("Nodes: \(topology.nodes.map(\.name).joined(separator: ", "))")
        // The first alone: it migrates the database.
        for group in [nodeRunners.prefix(1), nodeRunners.dropFirst()] {
            for runner in group { try await runner.launch() }
            for runner in group { try await runner.waitUntilReady(within: limit) }
        }
        progress("HAProxy")
        try await balancer.launch()
        try await balancer.waitUntilReady(within: limit)
    }

    /// Ends everything that runs, balancer and nodes first. State stays.
    public func down() async throws {
        let lock = try state.lock()
        defer { close(lock) }
        var failures: [String] = []
        for runner in runners.reversed() {
            guard await runner.running != nil else { continue }
            progress("Stopping \(runner.service.name)")
            do {
                try await runner.stop()
            } catch {
                failures.append("\(runner.service.name): \(error)")
            }
        }
        guard failures.isEmpty else { throw LocalClusterError.failed(failures.joined(separator: "\n")) }
    }

    /// Removes all state; everything must be down.
    public func wipe() async throws {
        for runner in runners where await runner.running != nil {
            throw LocalClusterError.failed("\(runner.service.name) still runs; bring the cluster down first")
        }
        try Files.remove(state.path)
    }

    /// Starts one server that does not run, and waits until it is ready.
    public func start(_ part: String, within limit: Duration = .seconds(60)) async throws {
        let runner = try runner(part)
        try await runner.launch()
        try await runner.waitUntilReady(within: limit)
    }

    /// Ends one server in an orderly way (SIGTERM).
    public func stop(_ part: String) async throws { try await runner(part).stop() }

    /// Ends one server in an orderly way and starts it again.
    public func restart(_ part: String, within limit: Duration = .seconds(60)) async throws {
        try await runner(part).stop()
        try await start(part, within: limit)
    }

    /// Kills one server (`kill -9`).
    public func kill(_ part: String) async throws { try await runner(part).kill() }

    /// Stops one server where it stands (SIGSTOP).
    public func pause(_ part: String) async throws { try await runner(part).pause() }

    /// Lets a stopped server go on (SIGCONT).
    public func resume(_ part: String) async throws { try await runner(part).resume() }

    /// The process of one server, if it runs.
    public func process(_ part: String) async throws -> ManagedProcess? { try await runner(part).running }

    /// The process of one server.
    ///
    /// - Throws: ``LocalClusterError/notRunning(_:)``.
    public func runningProcess(_ part: String) async throws -> ManagedProcess {
        guard let process = try await process(part) else { throw LocalClusterError.notRunning(part) }
        return process
    }

    /// How each server is, in the order in which they are started.
    public func status() async -> [PartStatus] {
        var result: [PartStatus] = []
        for runner in runners {
            let service = runner.service
            let process = await runner.running
            let state: PartStatus.State
            switch process {
            case nil: state = .down
            case let process? where process.identity.isStopped: state = .paused
            default: state = await service.isReady() ? .ready : .notReady
            }
            result.append(
                PartStatus(name: service.name, state: state, pid: process?.pid, ports: service.ports))
        }
        return result
    }

    /// File with the output of one server.
    public func logFile(of part: String) throws -> String { try runner(part).service.logFile }

    /// Which node leads a call: asks the nodes' internal ports, one after the other.
    ///
    /// - Returns: `nil` if nobody knows the call.
    /// - Throws: ``LocalClusterError/failed(_:)`` if no node answers.
    public func leader(of call: String) async throws -> CallLeader? {
        struct Answer: Decodable {
            let leader: String
            let epoch: UInt64
        }
        let allowed = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-_."))
        let id = call.addingPercentEncoding(withAllowedCharacters: allowed) ?? call
        var answered = false
        for node in topology.nodes {
            guard let answer = await LoopbackRequest.get("/conversations/\(id)", port: node.internalPort) else {
                continue
            }
            answered = true
            guard answer.status == 200 else { continue }
            let decoded = try JSONDecoder().decode(Answer.self, from: Data(answer.body.utf8))
            return CallLeader(incarnation: decoded.leader, epoch: decoded.epoch)
        }
        guard answered else { throw LocalClusterError.failed("no node answers; is the cluster up?") }
        return nil
    }

    private var runners: [ServiceRunner] { zooKeeper.runners + [postgres.runner] + nodeRunners + [balancer] }

    private func runner(_ part: String) throws -> ServiceRunner {
        guard let runner = runners.first(where: { $0.service.name == part }) else {
            throw LocalClusterError.unknownPart(name: part, known: partNames)
        }
        return runner
    }
}
