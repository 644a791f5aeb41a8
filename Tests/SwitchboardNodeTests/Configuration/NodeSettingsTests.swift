import Foundation
import LocalCluster
import SwitchboardCore
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

    @Test("The deadlines of a call")
    func deadlines() async throws {
        let standard = try await read("{}").deadlines
        let limits = CallLimits()
        #expect(standard.ring == limits.ringTimeout && standard.connect == limits.connectTimeout)
        #expect(standard.reach == limits.reachTimeout && standard.callerLost == limits.callerLostTimeout)
        #expect(standard.signalLost == limits.signalLostTimeout && standard.handover == limits.handoverTimeout)
        let short = try await read(
            """
            {"call": {"ringTimeoutMs": 1001, "connectTimeoutMs": 1002, "reachTimeoutMs": 1003, "callerLostTimeoutMs": 1004,
             "signalLostTimeoutMs": 1005, "handoverTimeoutMs": 1006}}
            """
        ).deadlines
        #expect(
            short
                == NodeSettings.CallDeadlines(
                    ring: .milliseconds(1001), connect: .milliseconds(1002), reach: .milliseconds(1003),
                    callerLost: .milliseconds(1004), signalLost: .milliseconds(1005), handover: .milliseconds(1006)))
        let found = await problems(#"{"call": {"reachTimeoutMs": 1}}"#)
        #expect(found.contains { $0.hasPrefix("call.reachTimeoutMs is 1") })
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

    @Test("ICE servers: open, with a fixed password, or with a secret that is shared with them")
    func iceServers() async throws {
        try "the first secret\r\n\n  the other secret \n".write(
            toFile: home.file("turn"), atomically: true, encoding: .utf8)
        let settings = try await read(
            """
            {"iceServers": [{"urls": "stun:s"}, {"urls": ["turn:t", "turns:t"], "username": "u", "credential": "c"},
             {"urls": ["turn:m?transport=tcp"], "secretFile": "\(home.file("turn"))"}],
             "turn": {"credentialLifetimeMs": 90000}}
            """)
        #expect(
            settings.iceServers == [
                IceServer(urls: ["stun:s"], access: .open),
                IceServer(urls: ["turn:t", "turns:t"], access: .fixed(username: "u", credential: Secret(text: "c"))),
                IceServer(
                    urls: ["turn:m?transport=tcp"],
                    access: .timeLimited(
                        first: Secret(text: "the first secret"), others: [Secret(text: "the other secret")])),
            ])
        #expect(settings.turnCredentialLifetime == .seconds(90))
        #expect(try await read().turnCredentialLifetime == .seconds(3600))
        for part in [
            "turns:t with a fixed", "turn:m?transport=tcp with credentials good for 90.0 s", "first of 2 secrets",
        ] {
            #expect(settings.summary.contains(part))
        }
    }

    @Test("The short form of ICE servers: flags, environment or file, beside the list")
    func iceServersInShort() async throws {
        try "the only secret, long".write(toFile: home.file("turn"), atomically: true, encoding: .utf8)
        let settings = try await read(
            #"{"iceServers": [{"urls": "stun:listed"}], "stun": {"urls": "stun:a, stun:b"}}"#,
            environment: ["TURN_SECRET_FILE": home.file("turn"), "TURN_URLS": "turn:hidden"]
        ) { $0.turnURLs = "turn:c" }
        #expect(settings.iceServers.map(\.urls) == [["stun:listed"], ["stun:a", "stun:b"], ["turn:c"]])
        #expect(
            settings.iceServers.last?.access == .timeLimited(first: Secret(text: "the only secret, long"), others: []))
        for (variables, problem) in [
            (["TURN_URLS": "turn:t"], "turn.urls needs turn.secretFile"),
            (["TURN_SECRET_FILE": home.file("turn")], "turn.secretFile needs turn.urls"),
            (["STUN_URLS": "stun:a,,b"], "stun.urls: b is no address"),
            (["STUN_URLS": ","], "stun.urls names no server"),
            (["STUN_URLS": "turn:t"], "turn:t belongs into turn.urls"),
            (["TURN_CREDENTIAL_LIFETIME_MS": "1"], "turn.credentialLifetimeMs is 1"),
        ] {
            let found = await problems(environment: variables)
            #expect(found.count == 1)
            #expect(found.first?.contains(problem) == true, "\(found)")
        }
    }

    @Test("ICE servers at which browsers would throw, and secrets that can be guessed, are problems")
    func badIceServers() async throws {
        try "a secret that is long enough\nshort\n".write(toFile: home.file("short"), atomically: true, encoding: .utf8)
        try "\n \n".write(toFile: home.file("empty"), atomically: true, encoding: .utf8)
        for bad in [
            #"[{"urls": []}]"#, #"[{"urls": ["http://x"]}]"#, #"[{}]"#, #"[1]"#, #"[{"urls": "turn:t"}]"#,
            #"[{"urls": "turn:t", "username": "u"}]"#, #"[{"urls": "turn:t", "username": "u", "credential": ""}]"#,
            #"[{"urls": "stun:s?transport=udp"}]"#, #"[{"urls": "stun:s", "url": "x"}]"#,
            #"[{"urls": "turn:t", "username": "u", "credential": "c", "secretFile": "f"}]"#,
            #"[{"urls": "turn:t", "secretFile": "/no/such/file"}]"#,
            #"[{"urls": "turn:t", "secretFile": "\#(home.file("short"))"}]"#,
            #"[{"urls": "turn:t", "secretFile": "\#(home.file("empty"))"}]"#,
        ] {
            let found = await problems("{\"iceServers\": \(bad)}")
            #expect(found.count == 1, "\(bad): \(found)")
            #expect(!found.joined().contains("a secret that is long enough"))
        }
    }

    @Test("A secret between nodes may have 16 bytes, one that signs tokens 32")
    func secretSizes() async throws {
        try "sixteen bytes ok".write(toFile: home.file("sixteen"), atomically: true, encoding: .utf8)
        let cluster = #"{"zookeeper": {"hosts": "z:1"}, "postgres": {"url": "postgresql://h/d"}, "#
        let secrets = ["AUTH_SECRET_FILE": home.file("secret"), "CLUSTER_SECRET_FILE": home.file("sixteen")]
        #expect(try await read(cluster + #""demo": false}"#, environment: secrets).cluster != nil)
        let found = await problems(environment: ["AUTH_SECRET_FILE": home.file("sixteen")])
        #expect(found.count == 1)
        #expect(found.first?.contains("fewer than 32 bytes") == true)
    }

    @Test("Who may call whom: everyone, by a claim, by a hook")
    func callPolicy() async throws {
        #expect(try await read().callPolicy == .everyone)
        #expect(
            try await read(#"{"callPolicy": {"kind": "claim"}}"#).callPolicy
                == .claim(name: "switchboard_call", allowsWithoutClaim: false))
        #expect(
            try await read(
                #"{"callPolicy": {"kind": "claim", "claim": "c"}}"#, environment: ["CALL_POLICY_WITHOUT_CLAIM": "allow"]
            ).callPolicy == .claim(name: "c", allowsWithoutClaim: true))
        var hook = CallHookSettings(
            url: "https://h/may?x=1", secret: Secret(text: "a secret of more than enough bytes"))
        func settings(_ more: String = "") async throws -> NodeSettings {
            try await read(
                """
                {"callPolicy": {"kind": "hook", "hook": {"url": "https://h/may?x=1",
                 "secretFile": "\(home.file("secret"))"\(more)}}}
                """)
        }
        #expect(try await settings().callPolicy == .hook(hook))
        (hook.timeout, hook.concurrency, hook.allowsOnFailure) = (.milliseconds(150), 3, true)
        hook.rootsFile = home.file("secret")
        let all = try await settings(
            #", "timeoutMs": 150, "concurrency": 3, "onFailure": "allow", "rootsFile": "\#(home.file("secret"))""#)
        #expect(all.callPolicy == .hook(hook))
        #expect(all.summary.contains("whom https://h/may?x=1 allows; without an answer within 0.15 seconds everybody"))
        #expect(!all.summary.contains("a secret of more"))
    }

    @Test("Half a policy is none: each problem is named, and what may hold a password is not repeated")
    func badCallPolicy() async {
        #expect(
            await problems(#"{"callPolicy": {"kind": "friends"}}"#).first?.contains("everyone, claim, hook") == true)
        #expect(
            await problems(#"{"callPolicy": {"kind": "claim", "withoutClaim": "maybe"}}"#)
                == ["callPolicy.withoutClaim is maybe, but must be allow or refuse"])
        let bare = await problems(#"{"callPolicy": {"kind": "hook", "hook": {"onFailure": "x", "timeoutMs": 1}}}"#)
        #expect(bare.count == 4)
        for url in ["ftp://h/", "https://", "/may", "https://u:hunter2@h/", "https://h/#f"] {
            let found = await problems(
                #"{"callPolicy": {"kind": "hook", "hook": {"url": "\#(url)", "secretFile": "\#(home.file("secret"))"}}}"#
            )
            #expect(found.count == 1, "\(url): \(found)")
            #expect(!found.joined().contains("hunter2"))
        }
    }

    @Test("Secrets show in no description, dump or summary")
    func discreet() async throws {
        let settings = try await read(
            """
            {"zookeeper": {"hosts": "a:1"}, "postgres": {"url": "postgres://u:hunter2@db/x"},
             "cluster": {"secretFile": "\(home.file("secret"))"}, "auth": {"secretFile": "\(home.file("secret"))"},
             "iceServers": [{"urls": "turn:t", "username": "u", "credential": "turn-credential"},
             {"urls": "turn:t", "secretFile": "\(home.file("secret"))"}]}
            """)
        var dumped = ""
        dump(settings.store, to: &dumped)
        dump(settings.tokens, to: &dumped)
        dump(settings.cluster, to: &dumped)
        dump(settings.iceServers, to: &dumped)
        let all =
            dumped + settings.summary
            + "\(settings.store) \(settings.tokens) \(String(reflecting: settings.cluster)) \(settings.iceServers)"
        for secret in ["hunter2", "a secret of more", "turn-credential"] { #expect(!all.contains(secret)) }
    }
}
