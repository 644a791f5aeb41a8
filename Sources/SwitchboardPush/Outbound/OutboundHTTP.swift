/// Posts something and reads the answer. What providers need of HTTP.
public protocol OutboundHTTP: Sendable {
    /// - Parameter timeout: for everything: finding the address, connecting, sending, and reading the answer.
    func post(_ request: OutboundRequest, within timeout: Duration) async throws(OutboundError) -> OutboundResponse
}

public struct OutboundRequest: Sendable {
    public var url: TargetURL
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]

    public init(_ url: TargetURL, headers: [(name: String, value: String)], body: [UInt8]) {
        self.url = url
        self.headers = headers
        self.body = body
    }
}

public struct OutboundResponse: Sendable {
    public var status: Int
    /// Names in lower case; of several fields of one name the first.
    public var headers: [String: String]
    /// Empty if it was longer than is read.
    public var body: [UInt8]

    public init(status: Int, headers: [String: String] = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// Why there is no answer. Never names more than a host: paths of push targets are secrets.
public enum OutboundError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Not sent, and never will be.
    case refused(TargetRefusal)
    /// Perhaps another time.
    case failed(String)

    public var description: String {
        switch self {
        case .refused(let refusal): refusal.description
        case .failed(let reason): reason
        }
    }
}
