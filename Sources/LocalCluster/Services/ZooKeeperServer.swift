import Foundation

/// One ZooKeeper server: its directory, ports and process.
struct ZooKeeperServer: Sendable {
    /// What a server answers to `srvr`.
    enum Mode: String, Sendable {
        case leader, follower, standalone
    }

    /// Its number in the ensemble, from 1.
    let id: Int
    let clientPort: Int
    let peerPort: Int
    let electionPort: Int
    let directory: String

    var name: String { "zookeeper-\(id)" }
    var configFile: String { "\(directory)/zoo.cfg" }
    var logFile: String { "\(directory)/log" }
    /// The line that names this server in every server's configuration.
    var ensembleLine: String { "server.\(id)=127.0.0.1:\(peerPort):\(electionPort)" }

    /// Writes its files. `ensemble` holds the lines of all servers; empty for a single server, which then runs standalone.
    func prepare(ensemble: [String], options: ZooKeeperOptions) throws {
        let data = "\(directory)/data"
        try Files.makeDirectory(data)
        try Files.write("\(id)\n", to: "\(data)/myid")
        try Template(named: "zoo.cfg").render(
            [
                "TICK_MS": String(Int(options.tick / .milliseconds(1))),
                "DATA_DIRECTORY": data,
                "CLIENT_ADDRESS": "127.0.0.1",
                "CLIENT_PORT": String(clientPort),
                "ENSEMBLE": ensemble.joined(separator: "\n"),
            ],
            to: configFile)
    }

    func command(options: ZooKeeperOptions) throws -> LaunchCommand {
        let jar = "/usr/share/java/zookeeper.jar"
        guard FileManager.default.fileExists(atPath: jar) else {
            throw LocalClusterError.missingProgram(name: "ZooKeeper", package: "zookeeper")
        }
        let java = try Programs.find("java", package: "default-jre-headless")
        // The server's own class instead of zkServer.sh: the process that we start is then the one that we kill.
        var arguments = options.jvmFlags
        arguments += ["-Dzookeeper.forceSync=\(options.forceSync ? "yes" : "no")", "-Dzookeeper.jmx.log4j.disable=true"]
        arguments += ["-Dorg.slf4j.simpleLogger.showDateTime=true", "-cp", "\(jar):/usr/share/java/slf4j-simple.jar"]
        arguments += ["org.apache.zookeeper.server.quorum.QuorumPeerMain", configFile]
        return LaunchCommand(java, arguments, logFile: logFile, lifetime: options.lifetime)
    }

    /// What the server says that it is; `nil` if it does not answer or does not serve (no quorum).
    func mode() async -> Mode? {
        guard let answer = await LoopbackRequest.send("srvr", port: clientPort, within: .seconds(1)) else { return nil }
        for line in answer.split(separator: "\n") where line.hasPrefix("Mode: ") {
            return Mode(rawValue: String(line.dropFirst("Mode: ".count)))
        }
        return nil
    }
}
