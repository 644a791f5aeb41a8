import Foundation

/// One ZooKeeper server: its directory, ports and command.
struct ZooKeeperServer: Service {
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
    let options: ZooKeeperOptions
    /// The lines that name all servers to each other; empty for a single server, which then runs standalone.
    var ensemble: [String] = []

    var name: String { "zookeeper-\(id)" }
    var lifetime: LaunchCommand.Lifetime { options.lifetime }
    var ports: [Int] { ensemble.isEmpty ? [clientPort] : [clientPort, electionPort] }
    var stopPatience: Duration { .seconds(5) }
    /// The line that names this server in every server's configuration.
    var ensembleLine: String { "server.\(id)=127.0.0.1:\(peerPort):\(electionPort)" }

    func prepare() throws -> LaunchCommand {
        let jar = "/usr/share/java/zookeeper.jar"
        guard FileManager.default.fileExists(atPath: jar) else {
            throw LocalClusterError.missingProgram(name: "ZooKeeper", package: "zookeeper")
        }
        let java = try Programs.find("java", package: "default-jre-headless")
        let data = "\(directory)/data"
        let config = "\(directory)/zoo.cfg"
        try Files.write("\(id)\n", to: "\(data)/myid")
        try Template(named: "zoo.cfg").render(
            [
                "TICK_MS": String(Int(options.tick / .milliseconds(1))),
                "DATA_DIRECTORY": data,
                "CLIENT_ADDRESS": "127.0.0.1",
                "CLIENT_PORT": String(clientPort),
                "ENSEMBLE": ensemble.joined(separator: "\n"),
            ],
            to: config)
        // The server's own class instead of zkServer.sh: the process that we start is then the one that we kill.
        let arguments =
            options.jvmFlags + [
                "-Dzookeeper.forceSync=\(options.forceSync ? "yes" : "no")", "-Dzookeeper.jmx.log4j.disable=true",
                "-Dorg.slf4j.simpleLogger.showDateTime=true", "-cp", "\(jar):/usr/share/java/slf4j-simple.jar",
                "org.apache.zookeeper.server.quorum.QuorumPeerMain", config,
            ]
        return LaunchCommand(java, arguments, logFile: logFile)
    }

    func isReady() async -> Bool { await mode() != nil }

    /// What the server says that it is; `nil` if it does not answer or does not serve (no quorum).
    func mode() async -> Mode? {
        guard let answer = await LoopbackRequest.send("srvr", port: clientPort, within: .seconds(1)) else { return nil }
        for line in answer.split(separator: "\n") where line.hasPrefix("Mode: ") {
            return Mode(rawValue: String(line.dropFirst("Mode: ".count)))
        }
        return nil
    }
}
