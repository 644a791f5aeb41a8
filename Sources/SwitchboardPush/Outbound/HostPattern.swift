/// A host that pushes may go to: `fcm.googleapis.com`, `*.push.apple.com` (any name below it, but not itself), or with a port
/// other than 443, `push.example:8443`.
public struct HostPattern: Hashable, Sendable, CustomStringConvertible {
    private let name: String
    private let isWildcard: Bool
    private let port: Int

    /// nil if it is none of these forms.
    public init?(_ text: String) {
        let isWildcard = text.hasPrefix("*.")
        let name = isWildcard ? String(text.dropFirst(2)) : text
        guard let url = try? TargetURL("https://\(name)"), url.path == "/" else { return nil }
        // "*.com" would allow half the world; a dot within the name is the least.
        if isWildcard, !url.host.contains(".") || url.address != nil { return nil }
        self.name = url.host
        self.isWildcard = isWildcard
        port = url.port
    }

    /// Exactly the host and port of this URL.
    public init(of url: TargetURL) {
        name = url.host
        isWildcard = false
        port = url.port
    }

    func matches(_ url: TargetURL) -> Bool {
        guard url.port == port else { return false }
        return isWildcard ? url.host.hasSuffix("." + name) : url.host == name
    }

    public var description: String {
        let host = name.contains(":") ? "[\(name)]" : name
        return (isWildcard ? "*." : "") + host + (port == 443 ? "" : ":\(port)")
    }
}

extension [HostPattern] {
    /// Where the browsers' push services are: Chrome and most others, Firefox, Safari, Edge.
    public static let webPushServices: [HostPattern] = [
        "fcm.googleapis.com", "updates.push.services.mozilla.com", "*.push.apple.com", "*.notify.windows.com",
    ].compactMap { HostPattern($0) }

    /// - Throws: `TargetRefusal.notAllowed` if no pattern fits.
    func check(_ url: TargetURL) throws(TargetRefusal) {
        guard contains(where: { $0.matches(url) }) else { throw .notAllowed(host: url.host) }
    }
}
