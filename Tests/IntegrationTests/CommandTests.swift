import Foundation
import LocalCluster
import SwiftProtobuf
import SwitchboardProtocol
import Testing

@Suite("The switchboard command (the real program)", .timeLimit(.minutes(3)))
struct CommandTests {
    private let home: TemporaryDirectory

    init() throws {
        home = try TemporaryDirectory(label: "command")
        try RunningNode.tokenSecret.write(toFile: home.file("jwt.secret"), atomically: true, encoding: .utf8)
    }

    private func run(_ arguments: String..., environment: [String: String] = [:]) async throws -> CommandRun {
        try await CommandRun.run(arguments, in: home, environment: environment)
    }

    // MARK: Help

    @Test(
        "Every subcommand explains itself with an example",
        arguments: ["serve", "check-config", "migrate", "feature-level", "token", "turn-credentials", "probe"])
    func help(subcommand: String) async throws {
        let help = try await run(subcommand, "--help")
        #expect(help.exit == .code(0))
        #expect(help.output.contains("Example"))
        #expect(help.output.contains("switchboard \(subcommand)"))
        #expect(try await run("--help").output.contains("  \(subcommand) "))
    }

    @Test("--version, and a command that does not exist")
    func versionAndUnknown() async throws {
        #expect(try await run("--version").output.contains(/^\d+\.\d+\.\d+/))
        let unknown = try await run("dial")
        #expect(unknown.failedOrderly)
        #expect(unknown.output.contains("dial"))
    }

    // MARK: Tokens

    @Test("token prints a token and nothing else, and a node takes it")
    func token() async throws {
        let made = try await run("token", "--user", "carol", "--ttl", "15m", "--secret-file", home.file("jwt.secret"))
        #expect(made.exit == .code(0))
        #expect(made.output.split(separator: ".").count == 3)
        #expect(made.output.split(whereSeparator: \.isWhitespace).count == 1)
        let device = try await Device.connect(try await RunningNode.shared(), "carol", token: made.output)
        #expect(try device.messages.first?.welcome.user == "carol")
        let claims = try #require(try Self.claims(of: made.output))
        let expires = try #require(claims["exp"] as? Double)
        #expect(abs(expires - Date().timeIntervalSince1970 - 900) < 60)
        #expect(claims["demo"] == nil)
    }

    private static func claims(of token: String) throws -> [String: Any]? {
        var payload = String(token.split(separator: ".")[1]).replacing("-", with: "+").replacing("_", with: "/")
        payload += String(repeating: "=", count: (4 - payload.count % 4) % 4)
        return try JSONSerialization.jsonObject(with: Data(base64Encoded: payload) ?? Data()) as? [String: Any]
    }

    @Test("token without secret, with an odd time, with an unreadable secret: each problem named")
    func badToken() async throws {
        let noSecret = try await run("token", "--user", "carol")
        #expect(noSecret.failedOrderly)
        #expect(noSecret.output.contains("--secret-file"))
        let oddTime = try await run(
            "token", "--user", "carol", "--ttl", "soon", "--secret-file", home.file("jwt.secret"))
        #expect(oddTime.failedOrderly)
        #expect(oddTime.output.contains("--ttl soon"))
        let missing = try await run("token", "--user", "carol", "--secret-file", home.file("no-such-file"))
        #expect(missing.failedOrderly)
        #expect(missing.output.contains("no-such-file"))
        let badUser = try await run("token", "--user", "", "--secret-file", home.file("jwt.secret"))
        #expect(badUser.failedOrderly, "a token that no node takes: \(badUser.output)")
    }

    @Test("turn-credentials prints what a client would get, as JSON, and nothing else")
    func turnCredentials() async throws {
        try "the-secret-of-the-turn-servers".write(toFile: home.file("turn"), atomically: true, encoding: .utf8)
        let made = try await run(
            "turn-credentials", "--user", "zoë:1", "--ttl", "10m", "--turn-urls", "turn:t,turns:t", "--stun-urls",
            "stun:s", "--turn-secret-file", home.file("turn"), "--data", home.file("x.sqlite"))
        #expect(made.exit == .code(0), "\(made.output)")
        let frame = try WireIceServers(jsonString: made.output)
        #expect(frame.ttlMs == 600_000)
        #expect(frame.iceServers.map(\.urls) == [["stun:s"], ["turn:t", "turns:t"]])
        let name = try #require(frame.iceServers.last).username.split(separator: ":")
        #expect(name.last == "zo%C3%AB%3A1")
        #expect(abs(try #require(Double(name[0])) - Date().timeIntervalSince1970 - 600) < 60)
        #expect(!made.output.contains("the-secret"))

        let none = try await run("turn-credentials", "--user", "zoë", "--data", home.file("x.sqlite"))
        #expect(none.failedOrderly)
        #expect(none.output.contains("turn.secretFile"))
    }

    // MARK: Configuration

    private func write(_ text: String) throws -> String {
        let path = home.file("node-\(UUID().uuidString).json")
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    @Test("check-config says what a node would do, without secrets")
    func checkConfig() async throws {
        let path = try write(
            """
            {"node": {"name": "n7"}, "listen": {"port": 8443},
             "zookeeper": {"hosts": "zk1:2181"}, "postgres": {"url": "postgres://u:hunter2hunter2@db/x"},
             "cluster": {"secretFile": "\(home.file("jwt.secret"))"}, "auth": {"secretFile": "\(home.file("jwt.secret"))"},
             "iceServers": [{"urls": ["turn:turn.example:3478"], "username": "u", "credential": "turn-credential"}]}
            """)
        let check = try await run("check-config", "--config", path)
        #expect(check.exit == .code(0), "\(check.output)")
        for expected in ["n7", "8443", "zk1:2181", "turn:turn.example"] {
            #expect(check.output.contains(expected))
        }
        for secret in ["hunter2", RunningNode.tokenSecret, "turn-credential"] {
            #expect(!check.output.contains(secret))
        }
    }

    static let badFiles: [(file: String, problems: [String])] = [
        ("{", ["is not JSON"]), ("[]", ["one JSON object"]), ("", ["is not JSON"]),
        ("{\"listen\": {\"prot\": 1}, \"colour\": 2}", ["unknown key listen.prot", "unknown key colour"]),
        ("{\"listen\": {\"port\": \"many\"}}", ["listen.port must be a number"]),
        ("{\"listen\": {\"port\": 70000}}", ["listen.port is 70000"]),
        ("{\"demo\": 1}", ["demo must be a flag"]),
        ("{\"log\": {\"level\": \"loud\"}}", ["log.level loud"]),
        ("{\"zookeeper\": {\"hosts\": \"zk:2181\"}}", ["postgres.url", "cluster.secretFile is missing"]),
        ("{\"postgres\": {\"url\": \"postgres://db/x\"}}", ["zookeeper.hosts"]),
        ("{\"auth\": {\"secretFile\": \"/no/such/file\"}}", ["/no/such/file cannot be read"]),
        ("{\"demo\": false}", ["auth.secretFile or auth.keyFile is missing"]),
        ("{\"listen\": {\"tls\": {\"keyFile\": \"k\"}}}", ["both certificateFile and keyFile"]),
        ("{\"iceServers\": [{\"urls\": [\"http://x\"]}]}", ["iceServers"]),
        (
            "{\"call\": {\"ringTimeoutMs\": 1}, \"drain\": {\"spreadMs\": -1}}",
            ["call.ringTimeoutMs is 1", "drain.spreadMs is -1"]
        ),
    ]

    @Test("A bad configuration file: every problem named, exit code not zero, no stack", arguments: badFiles)
    func badFile(file: String, problems: [String]) async throws {
        let path = try write(file)
        for subcommand in ["check-config", "serve"] {
            let run = try await run(subcommand, "--config", path, "--data", home.file("x.sqlite"))
            #expect(run.failedOrderly)
            for problem in problems { #expect(run.output.contains(problem), "\(run.output)") }
        }
    }

    @Test("A file that does not exist, a secret that is too short, a value in the environment that is no number")
    func badSurroundings() async throws {
        let missing = try await run("serve", "--config", home.file("no-such.json"))
        #expect(missing.failedOrderly)
        #expect(missing.output.contains("no-such.json cannot be read"))
        try "short".write(toFile: home.file("short.secret"), atomically: true, encoding: .utf8)
        let short = try await run("check-config", environment: ["AUTH_SECRET_FILE": home.file("short.secret")])
        #expect(short.failedOrderly)
        #expect(short.output.contains("fewer than 32 bytes"))
        let number = try await run(
            "check-config", "--data", home.file("x.sqlite"), environment: ["LISTEN_PORT": "eighty"])
        #expect(number.failedOrderly)
        #expect(number.output.contains("listen.port"))
    }

    // MARK: What is taken

    @Test("A busy port, for clients or inside: named with what to do, and nothing is left running")
    func busyPort() async throws {
        try await besideOngoingCall { node in
            let free = try FreePorts.one()
            for ports in [(node.port, free), (free, node.internalPort)] {
                let run = try await run(
                    "serve", "--port", "\(ports.0)", "--internal-port", "\(ports.1)", "--data", home.file("x.sqlite"))
                #expect(run.failedOrderly)
                let busy = ports.0 == free ? ports.1 : ports.0
                #expect(run.output.contains("Cannot listen on 127.0.0.1:\(busy)"))
                #expect(run.output.contains("Choose another address"))
            }
        }
    }

    @Test("A second process on the same SQLite file: refused by name; the first goes on")
    func busyFile() async throws {
        try await besideOngoingCall { node in
            let ports = try FreePorts.take(2)
            let run = try await run(
                "serve", "--port", "\(ports[0])", "--internal-port", "\(ports[1])", "--data", node.dataFile)
            #expect(run.failedOrderly)
            #expect(run.output.contains("in use by another process"))
            #expect(run.output.contains(node.dataFile))
        }
    }

    @Test("A data file that is no database, or cannot be made: named")
    func badData() async throws {
        try String(repeating: "no database ", count: 500)
            .write(toFile: home.file("text.sqlite"), atomically: true, encoding: .utf8)
        for path in [home.file("text.sqlite"), "/proc/switchboard/x.sqlite"] {
            let ports = try FreePorts.take(2)
            let run = try await run(
                "serve", "--port", "\(ports[0])", "--internal-port", "\(ports[1])", "--data", path,
                environment: ["AUTH_SECRET_FILE": home.file("jwt.secret")])
            #expect(run.failedOrderly)
            #expect(run.output.contains("the store cannot be used"))
        }
    }
}
