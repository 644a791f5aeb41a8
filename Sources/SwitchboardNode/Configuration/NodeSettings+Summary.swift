import SwitchboardProtocol

extension NodeSettings {
    /// What a node would do with these settings, without secrets.
    public var summary: String {
        var lines = ["node         \(name) in \(datacenter)"]
        lines.append("clients      \(tls == nil ? "ws" : "wss")://\(listen.host):\(listen.port)/v1/connect")
        lines.append("internal     http://\(`internal`.host):\(`internal`.port)/health/ready")
        if let cluster {
            lines.append("cluster      \(cluster.id), ZooKeeper at \(cluster.zookeeperHosts)")
            lines.append("peer links   \(cluster.peerHost):\(cluster.peerPort)")
        } else {
            lines.append("cluster      none: one node by itself")
        }
        switch store {
        case .sqlite(let path): lines.append("store        SQLite in \(path)")
        case .postgres(_, let connections, let allowsUnreplicated):
            lines.append(
                "store        PostgreSQL over \(connections) connections\(allowsUnreplicated ? ", replication not demanded" : "")"
            )
        }
        switch demo {
        case .off: lines.append("demo         off")
        case .byDefault: lines.append("demo         on, because nothing is configured; for localhost only")
        case .asked: lines.append("demo         on; for localhost only")
        }
        lines.append("demo page    \(webRoot ?? "not found; web.root says where it is")")
        lines += iceServerLines
        lines.append("who calls    \(callPolicyText)")
        lines += pushLines
        return lines.joined(separator: "\n")
    }

    private var iceServerLines: [String] {
        guard !iceServers.isEmpty else { return ["ICE servers  none: calls across NATs will fail"] }
        return iceServers.map { server in
            let access =
                switch server.access {
                case .open: ""
                case .fixed: " with a fixed name and password"
                case .timeLimited(_, let others):
                    " with credentials good for \(turnCredentialLifetime), signed "
                        + (others.isEmpty ? "by its secret" : "by the first of \(others.count + 1) secrets")
                }
            return "ICE servers  \(server.urls.joined(separator: ", "))\(access)"
        }
    }

    private var callPolicyText: String {
        switch callPolicy {
        case .everyone: "everyone may call everyone"
        case .claim(let name, let allows):
            "whom the token's claim \(name) names; without the claim \(allows ? "everybody" : "nobody")"
        case .hook(let hook):
            "whom \(hook.url) allows; without an answer within \(hook.timeout) "
                + (hook.allowsOnFailure ? "everybody" : "nobody")
        }
    }
}
