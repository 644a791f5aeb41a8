import CLibPQ

/// A parsed connection string: `key=value …` or `postgresql://…`, as libpq reads it (PostgreSQL's manual, 34.1.1).
///
/// Several hosts are separated by commas and tried in turn. Printing it, by whatever means, shows no secrets.
public struct ConnectionString: Sendable, Equatable {
    /// One server to try.
    struct Endpoint: Sendable, Equatable {
        var host: String?
        var hostAddress: String?
        var port: String?

        var name: String { "\(hostAddress ?? host ?? "local socket"):\(port ?? "5432")" }
    }

    /// What was given, without hosts and ports.
    let parameters: [String: String]
    let endpoints: [Endpoint]
    /// Values that must not be shown.
    private let secrets: [String]

    /// Reads a connection string.
    ///
    /// - Throws: ``ConnectionStringError``.
    public init(_ text: String) throws(ConnectionStringError) {
        guard !text.utf8.contains(0) else { throw .malformed }
        var message: UnsafeMutablePointer<CChar>?
        let parsed = PQconninfoParse(text, &message)
        // libpq's message may quote the string, password included: it is dropped.
        if let message { PQfreemem(message) }
        guard let parsed else { throw .malformed }
        defer { PQconninfoFree(parsed) }

        var values: [String: String] = [:]
        var secrets: [String] = []
        var next = parsed
        while let keyword = next.pointee.keyword {
            if let value = next.pointee.val {
                values[String(cString: keyword)] = String(cString: value)
                // "*" marks what an input form would hide.
                if next.pointee.dispchar.map({ String(cString: $0) }) == "*" { secrets.append(String(cString: value)) }
            }
            next += 1
        }
        self.secrets = secrets.filter { !$0.isEmpty }
        endpoints = try Self.endpoints(of: values)
        parameters = values.filter { !["host", "hostaddr", "port"].contains($0.key) }
    }

    private static func endpoints(of values: [String: String]) throws(ConnectionStringError) -> [Endpoint] {
        func list(_ name: String) -> [String] {
            values[name].map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) } ?? []
        }
        let hosts = list("host")
        let addresses = list("hostaddr")
        let ports = list("port")
        let count = max(hosts.count, addresses.count, 1)
        guard hosts.isEmpty || addresses.isEmpty || hosts.count == addresses.count, [0, 1, count].contains(ports.count)
        else { throw .unevenHosts }
        func value(_ list: [String], _ index: Int) -> String? {
            let value = list.count == 1 ? list[0] : list.indices.contains(index) ? list[index] : ""
            return value.isEmpty ? nil : value
        }
        return (0..<count).map {
            Endpoint(host: value(hosts, $0), hostAddress: value(addresses, $0), port: value(ports, $0))
        }
    }

    /// Removes secrets from a text that others made.
    func redact(_ text: String) -> String {
        secrets.reduce(text) { $0.replacing($1, with: "•••") }
    }
}

extension ConnectionString: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Servers, database and user.
    public var description: String {
        let names = endpoints.map(\.name).joined(separator: ",")
        return "\(names)/\(parameters["dbname"] ?? "") as \(parameters["user"] ?? "")"
    }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// A connection string cannot be used. Tells nothing of its content, for it may hold a password.
public enum ConnectionStringError: Error, Sendable, Equatable, CustomStringConvertible {
    /// It is neither `key=value` pairs nor a URI, or has an unknown key.
    case malformed
    /// The lists of hosts, addresses and ports have different lengths.
    case unevenHosts

    public var description: String {
        switch self {
        case .malformed:
            "the connection string cannot be read; write postgresql://user@host:5432/database or host=… dbname=…, "
                + "with % escapes in the first form and quotes in the second (it is not shown, for it may hold a password)"
        case .unevenHosts:
            "the connection string names hosts, hostaddr and port lists of different lengths"
        }
    }
}
