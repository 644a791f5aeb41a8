/// An address to which pushes are posted: https, a host, a port, a path. Read strictly and written anew, so that whoever
/// connects reads the same host in it as whoever has checked it.
public struct TargetURL: Hashable, Sendable {
    /// Lower case: a name, an IPv4 address, or an IPv6 address without brackets.
    public let host: String
    public let port: Int
    /// Path and query; begins with a slash.
    public let path: String

    public static let maximumLength = 2048

    /// - Throws: `TargetRefusal` with what is wrong.
    public init(_ text: String) throws(TargetRefusal) {
        guard text.utf8.count <= Self.maximumLength else {
            throw .malformed("it is longer than \(Self.maximumLength) bytes")
        }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && !Self.forbidden.contains($0) }) else {
            throw .malformed("it holds characters that a URL must escape")
        }
        guard text.prefix(8).lowercased() == "https://" else { throw .malformed("it must begin with https://") }
        let rest = text.dropFirst(8)
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        (host, port) = try Self.authority(String(rest[..<end]))
        let tail = rest[end...]
        path = tail.first == "/" ? String(tail) : "/" + tail
    }

    /// `https://host[:port]`, as the `aud` of a VAPID token (RFC 8292 §2) and an origin in general (RFC 6454 §6.2).
    public var origin: String { "https://\(authority)" }
    public var text: String { origin + path }

    /// Not bracketed: what resolvers take.
    var address: IPAddress? { IPAddress(host) }

    private var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == 443 ? name : "\(name):\(port)"
    }

    /// The same host and port, another path.
    func at(_ path: String) throws(TargetRefusal) -> TargetURL { try TargetURL(origin + path) }

    /// Quotes, brackets and backslashes have no place in a URL, and a fragment is not sent.
    private static let forbidden: Set<UInt8> = Set("\"<>\\^`{|}#".utf8)

    private static func authority(_ text: String) throws(TargetRefusal) -> (String, Int) {
        guard !text.contains("@") else { throw .malformed("it must not hold a user name") }
        var host = text.lowercased()
        var port = 443
        let nameEnd = host.hasPrefix("[") ? host.firstIndex(of: "]") ?? host.startIndex : host.startIndex
        if let colon = host[nameEnd...].firstIndex(of: ":") {
            guard let number = Int(host[host.index(after: colon)...]), (1...65_535).contains(number) else {
                throw .malformed("its port is no number from 1 to 65535")
            }
            port = number
            host = String(host[..<colon])
        }
        if host.hasPrefix("[") {
            guard host.hasSuffix("]"), let address = IPAddress(String(host.dropFirst().dropLast())), !address.isIPv4
            else { throw .malformed("its host is no IPv6 address") }
            return (address.description, port)
        }
        let isName = host.utf8.allSatisfy {
            ($0 >= 0x61 && $0 <= 0x7a) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2d || $0 == 0x2e
        }
        guard !host.isEmpty, host.utf8.count <= 253, isName else { throw .malformed("its host is no name") }
        return (host, port)
    }
}

/// Why nothing is sent to an address.
public enum TargetRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    case malformed(String)
    /// The host is not on the list.
    case notAllowed(host: String)
    /// The name leads to an address that pushes never go to.
    case special(host: String, meaning: String)

    public var description: String {
        switch self {
        case .malformed(let reason): "the URL is not taken: \(reason)"
        case .notAllowed(let host): "\(host) is not among the hosts that pushes may go to"
        case .special(let host, let meaning): "\(host) leads to an address that pushes never go to (\(meaning))"
        }
    }
}
