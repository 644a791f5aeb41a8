import Foundation
import LocalCluster
import SwitchboardProtocol
import Testing

@testable import SwitchboardNode

@Suite("NodeSettings")
struct NodeSettingsTests {
    private let home: TemporaryDirectory

    init() throws {
        home = try TemporaryDirectory(label: "settings")
        try "a secret of more than enough bytes\n"
            .write(toFile: home.file("secret"), atomically: true, encoding: .utf8)
    }

    private func read(
        _ file: String? = nil, environment: [String: String] = [:], _ change: (inout SettingsFlags) -> Void = { _ in }
    ) async throws(SettingsError) -> NodeSettings {
        var flags = SettingsFlags()
        if let file {
            let path = home.file("node.json")
            #expect(FileManager.default.createFile(atPath: path, contents: Data(file.utf8)))
            flags.configFile = path
        }
        flags.data = home.file("calls.sqlite")
        change(&flags)
        return try await NodeSettings.read(flags, environment: environment)
    }

    private func problems(_ file: String? = nil, environment: [String: String] = [:]) async -> [String] {
        do throws(SettingsError) {
            _ = try await read(file, environment: environment)
            return []
        } catch {
            return error.problems
        }
    }

    @Test("Nothing said: one node with SQLite on the loopback, in demo mode")
    func defaults() async throws {
        let settings = try await read()
        #expect(settings.listen.host == "127.0.0.1")
        #expect(settings.listen.port == 8080)
        #expect(settings.internal.host == "127.0.0.1")
        #expect(settings.internal.port == 9090)
        #expect(settings.cluster == nil)
        #expect(settings.demo == .byDefault)
        #expect(settings.iceServers.isEmpty)
        guard case .sqlite = settings.store else {
            Issue.record("\(settings.store)")
            return
        }
    }

    @Test("Flags win over the environment, the environment over the file")
    func precedence() async throws {
        let file = #"{"listen": {"port": 1001, "host": "10.0.0.1"}, "internal": {"port": 2001}, "node": {"name": "f"}}"#
        let environment = ["LISTEN_PORT": "1002", "INTERNAL_PORT": "2002"]
        let settings = try await read(file, environment: environment) { $0.port = 1003 }
        #expect(settings.listen.port == 1003)
        #expect(settings.internal.port == 2002)
        #expect(settings.listen.host == "10.0.0.1")
        #expect(settings.name == "f")
    }

    @Test("Nodes know each other by a secret, by certificates, or by nothing if that is said aloud")
    func peerSecurity() async throws {
        func read(_ cluster: String, _ tls: String = "{}") async throws -> NodeSettings {
            try await self.read(
                """
                {"zookeeper": {"hosts": "z:1"}, "postgres": {"url": "postgresql://h/d"},
                 "auth": {"secretFile": "\(home.file("secret"))"}, "cluster": \(cluster), "peer": {"tls": \(tls)}}
                """)
        }
        guard
            case .mutualTLS("c", "k", "r")? = try await read(
                "{}", #"{"certificateFile": "c", "keyFile": "k", "rootsFile": "r"}"#
            ).cluster?.secret
        else {
            Issue.record("mutual TLS was configured")
            return
        }
        guard case .secret? = try await read(#"{"secretFile": "\#(home.file("secret"))"}"#).cluster?.secret else {
            Issue.record("a secret was configured")
            return
        }
        await #expect(throws: SettingsError.self) { try await read("{}") }
        await #expect(throws: SettingsError.self) { try await read("{}", #"{"keyFile": "k"}"#) }
    }

    @Test("The demo's secret is made once, for its owner only, and kept")
    func demoSecret() async throws {
        guard case .demo(let store) = try await read().tokens else {
            Issue.record("no demo secret")
            return
        }
        #expect(!FileManager.default.fileExists(atPath: home.file("demo.secret")), "a check must write nothing")
        let first = try DemoSecret.readOrMake(beside: store)
        #expect(try DemoSecret.readOrMake(beside: store) == first)
        #expect(first.bytes.count == 32)
        let attributes = try FileManager.default.attributesOfItem(atPath: home.file("demo.secret"))
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
    }

    @Test("Demo mode is on when nobody configured anything, when asked for, and not else")
    func demoModes() async throws {
        let secret = ["AUTH_SECRET_FILE": home.file("secret")]
        #expect(try await read(environment: secret).demo == .off)
        #expect(try await read(environment: secret) { $0.demo = true }.demo == .asked)
        #expect(try await read(#"{"demo": true}"#).demo == .asked)
        #expect(try await read(#"{"demo": false}"#, environment: secret).demo == .off)
        #expect(
            await problems(#"{"demo": false}"#) == [
                "auth.secretFile or auth.keyFile is missing: without one nobody can be let in"
            ])
    }

    @Test("A secret from a file is taken without the line's end; a short one is refused")
    func secrets() async throws {
        let settings = try await read(environment: ["AUTH_SECRET_FILE": home.file("secret")])
        guard case .secret(let secret) = settings.tokens else {
            Issue.record("no secret")
            return
        }
        #expect(secret.text == "a secret of more than enough bytes")
        #expect(
            FileManager.default.createFile(
                atPath: home.file("short"), contents: Data("short\n\n\n\n\n\n\n\n\n\n\n\n".utf8)))
        let found = await problems(environment: ["AUTH_SECRET_FILE": home.file("short")])
        #expect(found.count == 1)
        #expect(found[0].contains("fewer than 32 bytes"))
    }

    @Test("A cluster node, with all that it needs")
    func cluster() async throws {
        let settings = try await read(
            """
            {"zookeeper": {"hosts": "a:1,b:2", "sessionTimeoutMs": 2500}, "postgres": {"url": "postgres://u:p@db/x", "connections": 6},
             "cluster": {"id": "c", "secretFile": "\(home.file("secret"))"}, "auth": {"secretFile": "\(home.file("secret"))"},
             "peer": {"port": 7000, "advertise": "[2001:db8::1]:7001"}}
            """)
        let cluster = try #require(settings.cluster)
        #expect(cluster.zookeeperHosts == "a:1,b:2")
        #expect(cluster.sessionTimeout == .milliseconds(2500))
        #expect(cluster.peerPort == 7000)
        #expect(cluster.advertised?.host == "[2001:db8::1]")
        #expect(cluster.advertised?.port == 7001)
        guard case .postgres(let url, 6, false) = settings.store else {
            Issue.record("\(settings.store)")
            return
        }
        #expect(url.text == "postgres://u:p@db/x")
        #expect(settings.demo == .off)
    }

    @Test("Half a cluster is none: each missing part is named")
    func halfCluster() async {
        let found = await problems(#"{"zookeeper": {"hosts": "a:1"}}"#).joined(separator: "\n")
        for part in ["postgres.url", "cluster.secretFile", "auth.secretFile"] { #expect(found.contains(part)) }
        #expect(await problems(#"{"postgres": {"url": "x"}}"#).contains { $0.contains("zookeeper.hosts") })
    }

    @Test("All problems are told at once, with what was probably meant")
    func allAtOnce() async {
        let found = await problems(
            #"{"Listen.Port": 1, "listen": {"hostt": "x", "port": "x"}, "zookeper": {"hosts": "a"}}"#)
        #expect(found.count == 4)
        #expect(found.contains { $0.hasPrefix("unknown key Listen.Port") && $0.contains("did you mean listen.port?") })
        #expect(found.contains { $0.hasPrefix("unknown key listen.hostt") })
        #expect(found.contains { $0.hasPrefix("unknown key zookeper") })
        #expect(found.contains { $0.hasPrefix("listen.port must be a number") })
    }

    @Test("JSON's true is no number, and 1 no flag")
    func kinds() async {
        #expect(await problems(#"{"listen": {"port": true}}"#).count == 1)
        #expect(await problems(#"{"demo": 1}"#).count == 1)
        #expect(await problems(#"{"listen": {"port": 80.5}}"#).count == 1)
        #expect(await problems(#"{"node": {"name": 5}}"#).count == 1)
    }

    @Test(
        "A value in the environment of the wrong kind is a problem, not the default",
        arguments: [
            ("LISTEN_PORT", "eighty", "listen.port"), ("DEMO", "perhaps", "demo"),
            ("POSTGRES_ALLOW_UNREPLICATED", "2", "postgres.allowUnreplicated"), ("LISTEN_PORT", "70000", "listen.port"),
        ])
    func environmentKinds(variable: String, value: String, key: String) async {
        let found = await problems(environment: [variable: value])
        #expect(found.count == 1)
        #expect(found.first?.contains(key) == true)
    }

    @Test("ICE servers are taken as they are, and checked for what browsers would refuse")
    func iceServers() async throws {
        let settings = try await read(
            #"{"iceServers": [{"urls": "stun:s"}, {"urls": ["turn:t", "turns:t"], "username": "u", "credential": "c"}]}"#
        )
        #expect(settings.iceServers.map(\.urls) == [["stun:s"], ["turn:t", "turns:t"]])
        #expect(settings.iceServers[1].username == "u")
        #expect(settings.iceServers[1].credential == "c")
        for bad in [#"[{"urls": []}]"#, #"[{"urls": ["http://x"]}]"#, #"[{}]"#, #"[1]"#] {
            #expect(await problems("{\"iceServers\": \(bad)}").count == 1, "\(bad)")
        }
    }

    @Test("Secrets show in no description, dump or summary")
    func discreet() async throws {
        let settings = try await read(
            """
            {"zookeeper": {"hosts": "a:1"}, "postgres": {"url": "postgres://u:hunter2@db/x"},
             "cluster": {"secretFile": "\(home.file("secret"))"}, "auth": {"secretFile": "\(home.file("secret"))"},
             "iceServers": [{"urls": "turn:t", "credential": "turn-credential"}]}
            """)
        var dumped = ""
        dump(settings.store, to: &dumped)
        dump(settings.tokens, to: &dumped)
        dump(settings.cluster, to: &dumped)
        let all =
            dumped + settings.summary + "\(settings.store) \(settings.tokens) \(String(reflecting: settings.cluster))"
        for secret in ["hunter2", "a secret of more"] { #expect(!all.contains(secret)) }
        #expect(!settings.summary.contains("turn-credential"))
    }
}
