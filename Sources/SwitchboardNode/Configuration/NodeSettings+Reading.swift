import Configuration
import Foundation
import Logging
import SwitchboardCore
import SwitchboardProtocol

/// What the command line says; nil: nothing.
public struct SettingsFlags: Sendable {
    public var configFile: String?
    public var host: String?
    public var port: Int?
    public var internalPort: Int?
    public var data: String?
    public var demo = false
    public var webRoot: String?
    public var logLevel: String?
    public var stunURLs: String?
    public var turnURLs: String?
    public var turnSecretFile: String?

    public init() {}

    var values: [AbsoluteConfigKey: ConfigValue] {
        var values: [AbsoluteConfigKey: ConfigValue] = [:]
        func set(_ key: String, _ content: ConfigContent?) {
            guard let content else { return }
            values[AbsoluteConfigKey(key.split(separator: ".").map(String.init))] = ConfigValue(
                content, isSecret: false)
        }
        set("listen.host", host.map { .string($0) })
        set("listen.port", port.map { .int($0) })
        set("internal.port", internalPort.map { .int($0) })
        set("store.path", data.map { .string($0) })
        set("web.root", webRoot.map { .string($0) })
        set("log.level", logLevel.map { .string($0) })
        set("stun.urls", stunURLs.map { .string($0) })
        set("turn.urls", turnURLs.map { .string($0) })
        set("turn.secretFile", turnSecretFile.map { .string($0) })
        if demo { set("demo", .bool(true)) }
        return values
    }
}

extension NodeSettings {
    /// Reads flags, environment and file, and checks the whole; all problems are told at once.
    ///
    /// - Throws: `SettingsError`.
    public static func read(_ flags: SettingsFlags, environment: [String: String]) async throws(SettingsError)
        -> NodeSettings
    {
        var providers: [any ConfigProvider] = [
            InMemoryProvider(values: flags.values),
            EnvironmentVariablesProvider(environmentVariables: environment),
        ]
        var problems = SettingsKey.all.compactMap { key in
            environment[key.variable].flatMap { key.problem(with: $0) }
        }
        var iceServers: [IceServerEntry] = []
        if let path = flags.configFile {
            let file = try SettingsFile(path: path)
            problems += file.problems
            iceServers = file.iceServers
            providers.append(InMemoryProvider(name: path, values: file.values))
        }
        var reader = SettingsReader(config: ConfigReader(providers: providers), problems: problems)
        let settings = reader.settings(iceServers: iceServers, environment: environment, flags: flags)
        guard reader.problems.isEmpty, let settings else { throw SettingsError(reader.problems) }
        return settings
    }
}

/// Turns values into settings, gathering what is wrong.
struct SettingsReader {
    let config: ConfigReader
    var problems: [String]

    mutating func settings(
        iceServers: [IceServerEntry], environment: [String: String], flags: SettingsFlags
    ) -> NodeSettings? {
        let cluster = cluster()
        let demo = demo(isCluster: cluster != nil)
        let store = store(isCluster: cluster != nil)
        let tokens = tokens(demo: demo, store: store)
        let iceServers = self.iceServers(iceServers)
        let callPolicy = callPolicy()
        let push = push(demo: demo, store: store)
        let level = config.string(forKey: "log.level", default: "info")
        guard let logLevel = Logger.Level(rawValue: level) else {
            problems.append("log.level \(level) is none of trace, debug, info, notice, warning, error")
            return nil
        }
        guard let tokens, let store, let callPolicy, problems.isEmpty else { return nil }
        return NodeSettings(
            name: config.string(forKey: "node.name", default: "node"),
            datacenter: config.string(forKey: "node.datacenter", default: "local"),
            listen: .init(
                host: config.string(forKey: "listen.host", default: "127.0.0.1"), port: port("listen.port", 8080)),
            tls: tls(), maxConnections: number("listen.maxConnections", 50_000, 1...1_000_000),
            internal: .init(
                host: config.string(forKey: "internal.host", default: "127.0.0.1"), port: port("internal.port", 9090)),
            cluster: cluster, store: store, tokens: tokens, demo: demo, webRoot: webRoot(environment),
            iceServers: iceServers,
            turnCredentialLifetime: .milliseconds(number("turn.credentialLifetimeMs", 3_600_000, 1_000...604_800_000)),
            callPolicy: callPolicy,
            push: push,
            drainSpread: .milliseconds(number("drain.spreadMs", 2_000, 0...600_000)),
            knownFeatureLevel: UInt32(
                number("cluster.knownFeatureLevel", Int(FeatureLevel.newest), 1...Int(FeatureLevel.newest))),
            deadlines: deadlines(),
            logLevel: logLevel)
    }

    private mutating func deadlines() -> NodeSettings.CallDeadlines {
        NodeSettings.CallDeadlines(
            ring: .milliseconds(number("call.ringTimeoutMs", 60_000, 1_000...600_000)),
            connect: .milliseconds(number("call.connectTimeoutMs", 30_000, 1_000...600_000)),
            reach: .milliseconds(number("call.reachTimeoutMs", 20_000, 1_000...600_000)),
            callerLost: .milliseconds(number("call.callerLostTimeoutMs", 20_000, 1_000...600_000)),
            signalLost: .milliseconds(number("call.signalLostTimeoutMs", 600_000, 1_000...86_400_000)),
            handover: .milliseconds(number("call.handoverTimeoutMs", 30_000, 1_000...600_000)))
    }

    mutating func number(_ key: String, _ standard: Int, _ range: ClosedRange<Int>) -> Int {
        let value = config.int(forKey: ConfigKey(key), default: standard)
        if !range.contains(value) {
            problems.append("\(key) is \(value), but must be \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    private mutating func port(_ key: String, _ standard: Int) -> Int { number(key, standard, 0...65_535) }

    private mutating func tls() -> (certificateFile: String, keyFile: String)? {
        let certificate = config.string(forKey: "listen.tls.certificateFile")
        let key = config.string(forKey: "listen.tls.keyFile")
        switch (certificate, key) {
        case (nil, nil): return nil
        case (let certificate?, let key?): return (certificate, key)
        default:
            problems.append("listen.tls needs both certificateFile and keyFile")
            return nil
        }
    }

    private mutating func cluster() -> NodeSettings.Cluster? {
        guard let hosts = config.string(forKey: "zookeeper.hosts") else {
            if config.string(forKey: "postgres.url") != nil {
                problems.append("postgres.url makes a cluster node, which needs zookeeper.hosts too")
            }
            return nil
        }
        let secret = peerSecret()
        var advertised: (host: String, port: Int)?
        if let text = config.string(forKey: "peer.advertise") {
            if let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]) {
                advertised = (String(text[..<colon]), port)
            } else {
                problems.append("peer.advertise must be host:port, not \(text)")
            }
        }
        return NodeSettings.Cluster(
            id: config.string(forKey: "cluster.id", default: "switchboard"), zookeeperHosts: hosts,
            sessionTimeout: .milliseconds(number("zookeeper.sessionTimeoutMs", 4_000, 500...60_000)),
            peerHost: config.string(forKey: "peer.host", default: "127.0.0.1"), peerPort: port("peer.port", 7080),
            advertised: advertised, secret: secret)
    }

    private mutating func peerSecret() -> NodeSettings.PeerSecret {
        let names = ["certificateFile", "keyFile", "rootsFile"]
        let files = names.map { config.string(forKey: ConfigKey("peer.tls.\($0)")) }
        if let certificate = files[0], let key = files[1], let roots = files[2] {
            return .mutualTLS(certificateFile: certificate, keyFile: key, rootsFile: roots)
        }
        if files.contains(where: { $0 != nil }) {
            problems.append("peer.tls needs certificateFile, keyFile and rootsFile")
        }
        if let file = config.string(forKey: "cluster.secretFile") {
            return .secret(secretFile(file, "cluster.secretFile", atLeast: 16) ?? Secret([]))
        }
        if config.bool(forKey: "cluster.insecure", default: false) {
            return .insecure
        }
        problems.append(
            "cluster.secretFile is missing: nodes know each other by a shared secret, or by peer.tls "
                + "(cluster.insecure says aloud that they need neither)")
        return .insecure
    }

    private mutating func store(isCluster: Bool) -> NodeSettings.Store? {
        guard isCluster else {
            return .sqlite(path: config.string(forKey: "store.path", default: ".switchboard/switchboard.sqlite"))
        }
        guard let url = config.string(forKey: "postgres.url", isSecret: true) else {
            problems.append("zookeeper.hosts makes a cluster node, which needs postgres.url too")
            return nil
        }
        return .postgres(
            url: Secret(text: url), connections: number("postgres.connections", 4, 1...64),
            allowsUnreplicated: config.bool(forKey: "postgres.allowUnreplicated", default: false))
    }

    private func demo(isCluster: Bool) -> NodeSettings.Demo {
        switch config.bool(forKey: "demo") {
        case true?: .asked
        case false?: .off
        case nil:
            !isCluster && config.string(forKey: "auth.secretFile") == nil
                && config.string(forKey: "auth.keyFile") == nil ? .byDefault : .off
        }
    }

    private mutating func tokens(demo: NodeSettings.Demo, store: NodeSettings.Store?) -> NodeSettings.Tokens? {
        if let path = config.string(forKey: "auth.keyFile") {
            guard let data = FileManager.default.contents(atPath: path) else {
                problems.append("auth.keyFile \(path) cannot be read")
                return nil
            }
            return .publicKey(String(decoding: data, as: UTF8.self))
        }
        if let path = config.string(forKey: "auth.secretFile") {
            // RFC 7518 §3.2: a key of HS256 has at least the size of the hash.
            return secretFile(path, "auth.secretFile", atLeast: 32).map { .secret($0) }
        }
        guard demo != .off, case .sqlite(let path)? = store else {
            problems.append("auth.secretFile or auth.keyFile is missing: without one nobody can be let in")
            return nil
        }
        // Demo tokens outlive a restart of the node, so their secret lies beside the data; made by the node, not by a check.
        return .demo(besideStore: path)
    }

    mutating func secretFile(_ path: String, _ key: String, atLeast size: Int) -> Secret? {
        guard let data = FileManager.default.contents(atPath: path) else {
            problems.append("\(key) \(path) cannot be read")
            return nil
        }
        let secret = Array(String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines).utf8)
        guard secret.count >= size else {
            problems.append("\(key) \(path) holds fewer than \(size) bytes; make one with: openssl rand -hex 32")
            return nil
        }
        return Secret(secret)
    }

    /// Where the page and the SDK are: as configured, else in the project's tree.
    private func webRoot(_ environment: [String: String]) -> String? {
        let candidates = [
            config.string(forKey: "web.root"),
            environment["SWITCHBOARD_ROOT"].map { $0 + "/Sources/BrowserClient" },
            "Sources/BrowserClient",
        ]
        return candidates.compactMap { $0 }.first { FileManager.default.fileExists(atPath: $0 + "/demo/index.html") }
    }
}
