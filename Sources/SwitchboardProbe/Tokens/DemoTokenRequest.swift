import Foundation
import NIOHTTP1
import SwitchboardClient

/// Asks a node in demo mode for a token: `POST /demo/token`.
struct DemoTokenRequest {
    let endpoint: ServerEndpoint
    let user: String

    private struct Wish: Encodable { var user: String }
    private struct Answer: Decodable { var token: String }

    /// - Throws: `ProbeError.noDemoToken` if the node makes none, or does not answer in time.
    func token() async throws -> String {
        // Demo mode is for loopback, where there is no TLS.
        guard !endpoint.isSecure else {
            throw ProbeError.noDemoToken("not over wss: give --secret-file or --token-file")
        }
        let response: (status: Int, body: [UInt8])
        do {
            response = try await SmallHTTPRequest(
                host: endpoint.host, port: endpoint.port, method: .POST, path: "/demo/token",
                body: Array(try JSONEncoder().encode(Wish(user: user)))
            ).answer()
        } catch {
            throw ProbeError.noDemoToken("\(error)")
        }
        guard response.status == 200,
            let answer = try? JSONDecoder().decode(Answer.self, from: Data(response.body))
        else {
            throw ProbeError.noDemoToken(
                "HTTP status \(response.status): \(String(decoding: response.body.prefix(500), as: UTF8.self))")
        }
        return answer.token
    }
}
