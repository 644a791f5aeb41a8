import Foundation

/// Who may use demo tokens: a browser on this very machine, on a page of this very node. The default of a node that nobody has
/// configured must not become an open relay by being reachable.
struct DemoGate: Sendable {
    let mode: NodeSettings.Demo

    enum Verdict: Equatable, Sendable {
        case allowed
        case refused(String)
    }

    func check(host: String, origin: String?, hasForwardedHeaders: Bool) -> Verdict {
        guard mode != .off else { return .refused("demo mode is off; use a token of your own") }
        guard Self.isLocal(Self.name(of: host)) else {
            return .refused("demo tokens are for localhost, 127.0.0.1 and [::1], not for \(host.prefix(64))")
        }
        if let origin, Self.authority(of: origin) != host.lowercased() {
            return .refused("demo tokens are not for pages of another origin")
        }
        if hasForwardedHeaders, mode != .asked {
            return .refused("demo tokens are not for forwarded requests, unless the node was started with --demo")
        }
        return .allowed
    }

    static func isLocal(_ name: String) -> Bool { ["localhost", "127.0.0.1", "[::1]"].contains(name) }

    /// `host[:port]` without the port.
    static func name(of host: String) -> String {
        let lower = host.lowercased()
        let end = lower.hasPrefix("[") ? lower.firstIndex(of: "]").map(lower.index(after:)) : lower.firstIndex(of: ":")
        guard let end else { return lower }
        // What follows must be a port, or nothing; "[::1].example" is somebody else's name.
        return lower[end...].isEmpty || lower[end] == ":" ? String(lower[..<end]) : lower
    }

    private static func authority(of origin: String) -> String {
        guard let scheme = origin.range(of: "://") else { return origin.lowercased() }
        return origin[scheme.upperBound...].lowercased()
    }
}
