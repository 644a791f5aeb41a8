import Configuration

/// The keys of a node's configuration: one table from which files are checked, defaults are taken and help is printed.
///
/// The same key works in the file (`"postgres": {"url": …}`), in the environment (`POSTGRES_URL`, words in capitals and
/// underscores) and, for some, as a flag. Flags win over the environment, the environment over the file.
public struct SettingsKey: Sendable {
    public enum Kind: String, Sendable {
        case text, number, flag, list
    }

    public let name: String
    public let kind: Kind
    public let meaning: String

    static let all: [SettingsKey] = [
        SettingsKey(name: "node.name", kind: .text, meaning: "name of the node, unique in the cluster"),
        SettingsKey(name: "node.datacenter", kind: .text, meaning: "where it stands"),
        SettingsKey(name: "listen.host", kind: .text, meaning: "address for clients"),
        SettingsKey(name: "listen.port", kind: .number, meaning: "port for clients"),
        SettingsKey(name: "listen.tls.certificateFile", kind: .text, meaning: "PEM chain; with its key: wss"),
        SettingsKey(name: "listen.tls.keyFile", kind: .text, meaning: "PEM private key"),
        SettingsKey(name: "listen.maxConnections", kind: .number, meaning: "clients at a time"),
        SettingsKey(name: "internal.host", kind: .text, meaning: "address for health, metrics, operators"),
        SettingsKey(name: "internal.port", kind: .number, meaning: "port for health, metrics, operators"),
        SettingsKey(name: "peer.host", kind: .text, meaning: "address for the links of other nodes"),
        SettingsKey(name: "peer.port", kind: .number, meaning: "port for the links of other nodes"),
        SettingsKey(name: "peer.advertise", kind: .text, meaning: "host:port at which other nodes reach this one"),
        SettingsKey(name: "peer.tls.certificateFile", kind: .text, meaning: "PEM chain; mutual TLS between nodes"),
        SettingsKey(name: "peer.tls.keyFile", kind: .text, meaning: "PEM private key"),
        SettingsKey(name: "peer.tls.rootsFile", kind: .text, meaning: "PEM roots that nodes are trusted by"),
        SettingsKey(name: "cluster.id", kind: .text, meaning: "nodes of another cluster are refused"),
        SettingsKey(name: "cluster.secretFile", kind: .text, meaning: "file with the secret that all nodes share"),
        SettingsKey(name: "cluster.insecure", kind: .flag, meaning: "link with nodes without any secret"),
        SettingsKey(
            name: "cluster.knownFeatureLevel", kind: .number,
            meaning: "behave as a build that knows no higher level; to rehearse an upgrade"),
        SettingsKey(name: "zookeeper.hosts", kind: .text, meaning: "the ensemble: host:port,host:port,…"),
        SettingsKey(name: "zookeeper.sessionTimeoutMs", kind: .number, meaning: "silence before a node is given up"),
        SettingsKey(name: "postgres.url", kind: .text, meaning: "the database, as libpq takes it"),
        SettingsKey(name: "postgres.connections", kind: .number, meaning: "connections that write"),
        SettingsKey(
            name: "postgres.allowUnreplicated", kind: .flag, meaning: "accept a database without synchronous standby"),
        SettingsKey(name: "store.path", kind: .text, meaning: "SQLite file of a node without a cluster"),
        SettingsKey(name: "auth.secretFile", kind: .text, meaning: "file with the secret of HS256 tokens"),
        SettingsKey(name: "auth.keyFile", kind: .text, meaning: "PEM public key of ES256 or RS256 tokens"),
        SettingsKey(name: "demo", kind: .flag, meaning: "serve the demo page and make demo tokens"),
        SettingsKey(name: "web.root", kind: .text, meaning: "directory with the demo page and the browser SDK"),
        SettingsKey(name: "iceServers", kind: .list, meaning: "STUN and TURN servers for clients"),
        SettingsKey(name: "stun.urls", kind: .text, meaning: "further STUN servers, with commas between them"),
        SettingsKey(name: "turn.urls", kind: .text, meaning: "further TURN servers that share turn.secretFile"),
        SettingsKey(name: "turn.secretFile", kind: .text, meaning: "file with the TURN servers' static-auth-secret"),
        SettingsKey(name: "turn.credentialLifetimeMs", kind: .number, meaning: "of credentials made for TURN servers"),
        SettingsKey(name: "callPolicy.kind", kind: .text, meaning: "who may call whom: everyone, claim, hook"),
        SettingsKey(name: "callPolicy.claim", kind: .text, meaning: "claim of tokens that says whom a user may call"),
        SettingsKey(name: "callPolicy.withoutClaim", kind: .text, meaning: "allow or refuse, if the claim is missing"),
        SettingsKey(name: "callPolicy.hook.url", kind: .text, meaning: "http(s) address that is asked"),
        SettingsKey(
            name: "callPolicy.hook.secretFile", kind: .text, meaning: "file with the secret that signs questions"),
        SettingsKey(name: "callPolicy.hook.timeoutMs", kind: .number, meaning: "until an answer is given up"),
        SettingsKey(name: "callPolicy.hook.concurrency", kind: .number, meaning: "questions at a time"),
        SettingsKey(name: "callPolicy.hook.onFailure", kind: .text, meaning: "allow or refuse, if there is no answer"),
        SettingsKey(
            name: "callPolicy.hook.rootsFile", kind: .text, meaning: "PEM roots that its certificate is checked by"),
        SettingsKey(name: "push.webPush.keyFile", kind: .text, meaning: "PEM private key, P-256 (VAPID)"),
        SettingsKey(name: "push.webPush.subject", kind: .text, meaning: "mailto: or https: for push services to ask"),
        SettingsKey(name: "push.webPush.hosts", kind: .text, meaning: "hosts of push services, *.domain for many"),
        SettingsKey(name: "push.apns.keyFile", kind: .text, meaning: "Apple's .p8 file"),
        SettingsKey(name: "push.apns.keyId", kind: .text, meaning: "id of that key"),
        SettingsKey(name: "push.apns.teamId", kind: .text, meaning: "id of the developer team"),
        SettingsKey(name: "push.apns.topics", kind: .text, meaning: "bundle ids of apps that may register"),
        SettingsKey(name: "push.apns.productionUrl", kind: .text, meaning: "Apple's service, if not its own address"),
        SettingsKey(name: "push.apns.sandboxUrl", kind: .text, meaning: "Apple's sandbox, if not its own address"),
        SettingsKey(name: "push.fcm.serviceAccountFile", kind: .text, meaning: "JSON file that Google's console makes"),
        SettingsKey(name: "push.fcm.url", kind: .text, meaning: "Google's service, if not its own address"),
        SettingsKey(name: "push.webhook.url", kind: .text, meaning: "https address of the application's server"),
        SettingsKey(name: "push.webhook.secretFile", kind: .text, meaning: "file with the secret that signs webhooks"),
        SettingsKey(name: "push.origins", kind: .text, meaning: "further origins whose pages may register endpoints"),
        SettingsKey(name: "push.trustRootsFile", kind: .text, meaning: "PEM certificates trusted beside the system's"),
        SettingsKey(name: "push.allowLoopback", kind: .flag, meaning: "let pushes go to this machine; for tests only"),
        SettingsKey(name: "drain.spreadMs", kind: .number, meaning: "time over which clients are sent elsewhere"),
        SettingsKey(name: "call.ringTimeoutMs", kind: .number, meaning: "how long it rings"),
        SettingsKey(name: "call.connectTimeoutMs", kind: .number, meaning: "pickup to media"),
        SettingsKey(name: "call.reachTimeoutMs", kind: .number, meaning: "how long a callee's device may take to come"),
        SettingsKey(name: "call.callerLostTimeoutMs", kind: .number, meaning: "a caller's absence while it rings"),
        SettingsKey(name: "call.signalLostTimeoutMs", kind: .number, meaning: "absence of both from a call"),
        SettingsKey(name: "call.handoverTimeoutMs", kind: .number, meaning: "for a call to move to another device"),
        SettingsKey(name: "log.level", kind: .text, meaning: "trace, debug, info, notice, warning, error"),
    ]

    /// Its name for the configuration library.
    var configKey: AbsoluteConfigKey { AbsoluteConfigKey(name.split(separator: ".").map(String.init)) }

    /// Its name in the environment: `postgres.allowUnreplicated` is `POSTGRES_ALLOW_UNREPLICATED`.
    var variable: String {
        var words = ""
        for character in name {
            if character.isUppercase { words.append("_") }
            words.append(character == "." ? "_" : Character(character.uppercased()))
        }
        return words
    }

    /// What is wrong with a text from the environment, for which the configuration library would take the default in silence.
    func problem(with text: String) -> String? {
        let isGood =
            switch kind {
            case .text, .list: true
            case .number: Int(text) != nil
            case .flag: ["true", "false", "yes", "no", "1", "0"].contains(text.lowercased())
            }
        return isGood ? nil : "\(variable) is \(text.prefix(64)), but \(name) must be a \(kind.rawValue): \(meaning)"
    }

    static func named(_ name: String) -> SettingsKey? { all.first { $0.name == name } }
}
