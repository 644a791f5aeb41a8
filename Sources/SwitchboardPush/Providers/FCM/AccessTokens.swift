import Foundation

/// The access token for Google's service: fetched when it is needed, kept, and renewed before it expires. However many pushes
/// wait for it, it is asked for once.
actor AccessTokens {
    private struct Token {
        var text: String
        var renewal: Date
    }

    private static let scope = "https://www.googleapis.com/auth/firebase.messaging"
    /// Time before its expiry at which a token is replaced.
    private static let margin: TimeInterval = 300

    private let account: ServiceAccount
    private let http: any OutboundHTTP
    private var token: Token?
    private var fetching: Task<Result<Token, Failure>, Never>?

    /// Why there is no token.
    struct Failure: Error {
        var answer: ProviderAnswer
    }

    init(_ account: ServiceAccount, http: any OutboundHTTP) {
        self.account = account
        self.http = http
    }

    func token(within timeout: Duration) async throws(Failure) -> String {
        if let token, token.renewal > Date() { return token.text }
        // A task of its own, one at a time: whoever asked first may be cancelled, and others wait for it too.
        let task = fetching ?? Task { await self.fetch(within: timeout) }
        fetching = task
        let result = await task.value
        if fetching == task { fetching = nil }
        let fresh = try result.get()
        token = fresh
        return fresh.text
    }

    /// The service did not take it.
    func refused(_ text: String) {
        if token?.text == text { token = nil }
    }

    private func fetch(within timeout: Duration) async -> Result<Token, Failure> {
        guard let assertion = try? await account.assertion(scope: Self.scope, now: Date()) else {
            return .failure(Failure(answer: .refused(reason: "the service account's key cannot sign")))
        }
        let form = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=\(assertion)"
        let request = OutboundRequest(
            account.tokenURL, headers: [("content-type", "application/x-www-form-urlencoded")],
            body: Array(form.utf8))
        do throws(OutboundError) {
            return read(try await http.post(request, within: timeout))
        } catch {
            return .failure(Failure(answer: ProviderAnswer(error)))
        }
    }

    private func read(_ response: OutboundResponse) -> Result<Token, Failure> {
        struct Fields: Decodable {
            var accessToken: String?
            var expiresIn: Double?
            var error: String?

            enum CodingKeys: String, CodingKey {
                case accessToken = "access_token"
                case expiresIn = "expires_in"
                case error
            }
        }
        let fields = try? JSONDecoder().decode(Fields.self, from: Data(response.body))
        guard response.status == 200, let text = fields?.accessToken else {
            let reason = "no access token: " + (ProviderReason.clean(fields?.error, hiding: "\u{0}") ?? "no reason")
            let answer = ProviderAnswer(response, reason: reason)
            return .failure(Failure(answer: answer == .taken ? .postponed(after: nil, reason: reason) : answer))
        }
        let lifetime = min(max(fields?.expiresIn ?? 0, 0), 86_400)
        return .success(Token(text: text, renewal: Date(timeIntervalSinceNow: max(lifetime - Self.margin, 1))))
    }
}
