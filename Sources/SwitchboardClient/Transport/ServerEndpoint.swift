/// Where a session connects: the parts of a `ws:` or `wss:` URL (RFC 6455 §3).
public struct ServerEndpoint: Sendable, Hashable {
    public var isSecure: Bool
    public var host: String
    public var port: Int
    /// With its query, as it stands in the request line.
    public var path: String

    /// The path at which Switchboard speaks; taken when a URL names none.
    public static let defaultPath = "/v1/connect"

    /// Reads `ws://host[:port][/path]`, `wss://…`; IPv6 addresses stand in brackets.
    public init(url: String) throws(ServerEndpointError) {
        var rest = Substring(url)
        if let stripped = rest.stripping(prefix: "ws://") {
            (isSecure, rest) = (false, stripped)
        } else if let stripped = rest.stripping(prefix: "wss://") {
            (isSecure, rest) = (true, stripped)
        } else {
            throw .unsupportedScheme(url)
        }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let target = rest[authority.endIndex...]
        switch target.first {
        case nil: path = Self.defaultPath
        case "?": path = Self.defaultPath + target
        default: path = target == "/" ? Self.defaultPath : String(target)
        }

        let portText: Substring
        if authority.first == "[" {
            guard let end = authority.firstIndex(of: "]") else { throw .malformed(url) }
            host = String(authority[authority.index(after: authority.startIndex)..<end])
            portText = authority[authority.index(after: end)...]
        } else {
            let end = authority.firstIndex(of: ":") ?? authority.endIndex
            host = String(authority[..<end])
            portText = authority[end...]
        }
        if portText.isEmpty {
            port = isSecure ? 443 : 80
        } else {
            guard portText.first == ":", let number = Int(portText.dropFirst()), (1...65535).contains(number) else {
                throw .malformed(url)
            }
            port = number
        }
        guard !host.isEmpty else { throw .malformed(url) }
    }

    /// As it stands in a `Host` header.
    public var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }
}

/// What can be wrong with a URL.
public enum ServerEndpointError: Error, Sendable, Equatable {
    case unsupportedScheme(String)
    case malformed(String)
}

extension ServerEndpointError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unsupportedScheme(let url): "'\(url)' is no WebSocket URL: it must begin with ws:// or wss://."
        case .malformed(let url): "'\(url)' is no WebSocket URL: write ws://HOST:PORT."
        }
    }
}

extension Substring {
    fileprivate func stripping(prefix: String) -> Substring? {
        hasPrefix(prefix) ? dropFirst(prefix.count) : nil
    }
}
