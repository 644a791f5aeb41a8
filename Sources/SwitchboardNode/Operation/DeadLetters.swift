import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import SwitchboardCore
import SwitchboardProtocol
import SwitchboardTransport

/// Pushes that were given up, as the internal port and `switchboard push dead-letters` show them.
public struct DeadLetters: Codable, Sendable {
    public struct Letter: Codable, Sendable {
        public var number: Int64
        public var conversation: String
        public var user: String
        public var endpoint: String
        public var provider: String
        public var attempts: Int
        public var reason: String

        init(_ push: DeadPush) {
            number = push.number
            conversation = "\(push.conversation)"
            user = push.user.text
            endpoint = push.endpoint.text
            provider = push.provider.rawValue
            attempts = push.attempts
            reason = push.reason
        }
    }

    public static let maximum = 1000

    /// Newest first.
    public var deadLetters: [Letter]

    /// Answers `/push/dead-letters?limit=N`.
    static func respond(to request: HTTPRequest, from outbox: any PushOutbox) async -> HTTPResponse {
        let limit = request.query("limit").flatMap { Int($0) } ?? 100
        do throws(PushOutboxError) {
            let pushes = try await outbox.deadLetters(limit: min(max(limit, 1), maximum))
            return .json((try? DeadLetters(deadLetters: pushes.map(Letter.init)).json()) ?? "{}")
        } catch {
            return .error(status: 503, name: "store_unavailable", message: "the database does not answer: \(error)")
        }
    }

    /// Asks a node by its internal port. In a cluster any node answers for all.
    ///
    /// - Throws: `NodeError` if it does not answer.
    public static func ask(_ settings: NodeSettings, limit: Int) async throws -> DeadLetters {
        let everywhere = ["0.0.0.0": "127.0.0.1", "::": "[::1]"]
        let host = everywhere[settings.internal.host] ?? settings.internal.host
        let url = "http://\(host):\(settings.internal.port)/push/dead-letters?limit=\(limit)"
        do {
            let response = try await HTTPClient.shared.execute(HTTPClientRequest(url: url), timeout: .seconds(10))
            let body = try await response.body.collect(upTo: 4 << 20)
            guard response.status == .ok else {
                throw NodeError.store("the node at \(url) answers \(response.status.code): \(String(buffer: body))")
            }
            return try JSONDecoder().decode(DeadLetters.self, from: Data(body.readableBytesView))
        } catch let error as NodeError {
            throw error
        } catch {
            throw NodeError.store("no node answers at \(url) (\(error)); is it running, with this configuration?")
        }
    }

    public func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    /// For people.
    public var text: String {
        guard !deadLetters.isEmpty else { return "No push was given up in the last day." }
        return deadLetters.map { letter in
            "\(letter.conversation)  \(letter.provider)  user \(letter.user)  endpoint \(letter.endpoint)  "
                + "attempts \(letter.attempts)  \(letter.reason)"
        }.joined(separator: "\n")
    }
}
