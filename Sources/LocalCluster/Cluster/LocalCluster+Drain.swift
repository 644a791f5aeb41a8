import Foundation

extension LocalCluster {
    /// Lets one node leave in order, by the command of an operator (`switchboard drain`), and waits until it has gone.
    ///
    /// - Throws: ``LocalClusterError/failed(_:)`` with what the command said, if it could not.
    public func drain(_ node: String, within limit: Duration = .seconds(90)) async throws {
        guard let port = topology.nodes.first(where: { $0.name == node })?.internalPort else {
            throw LocalClusterError.unknownPart(name: node, known: topology.nodes.map(\.name))
        }
        let process = try await runningProcess(node)
        try await run(
            ["drain", "127.0.0.1:\(port)", "--timeout", "\(Int(limit / .seconds(1)))"], within: limit + .seconds(5))
        try await process.waitForExit(within: .seconds(10))
    }

    /// Runs a subcommand of `switchboard`.
    ///
    /// - Returns: What it printed.
    /// - Throws: ``LocalClusterError/failed(_:)`` with what it said, if it did not succeed.
    @discardableResult
    public func run(_ arguments: [String], within limit: Duration = .seconds(60)) async throws -> String {
        let log = "\(directory)/command-\(UInt64.random(in: .min ... .max)).log"
        let command = try await ManagedProcess.start(
            LaunchCommand(
                settings.binary, arguments, logFile: log),
            name: "switchboard \(arguments.first ?? "")")
        let exit = try await command.waitForExit(within: limit)
        let output = LogFile.tail(of: log, lines: 200)
        try Files.remove(log)
        guard case .code(0) = exit else {
            throw LocalClusterError.failed("switchboard \(arguments.joined(separator: " ")): \(output)")
        }
        return output
    }

    /// The configuration file of a node, for commands that want one.
    public func configFile(of node: String) -> String { "\(state.directory(of: node))/node.json" }

    /// Replaces the programs of all nodes, one node after the other, without ending a call: each is drained, started from
    /// `binary`, and ready again before the next one leaves. Later commands on the same directory use `binary` too.
    public func upgrade(to binary: String, environment: [String: String] = [:]) async throws {
        for node in topology.nodes {
            if try await process(node.name) != nil {
                progress("Draining \(node.name)")
                try await drain(node.name)
            }
            progress("Starting \(node.name)")
            programs[node.name]?.replace(by: binary, environment: environment)
            try await start(node.name)
        }
        var settings = settings
        settings.binary = binary
        try state.write(settings)
    }
}
