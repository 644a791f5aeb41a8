import Foundation
import SwitchboardClient

/// Where the users of a probe come from.
package enum Credentials: Sendable {
    /// As many users as one likes.
    case secret(TokenMaker)
    /// Two users whose tokens somebody made; the names are read from them.
    case tokens(String, String)
    /// As many as one likes, of a node in demo mode.
    case demo(ServerEndpoint)

    /// How many pairs of users there can be.
    package var maximumPairs: Int {
        if case .tokens = self { 1 } else { .max }
    }

    /// The users of one pair, caller first.
    package func pair(_ index: Int, run: String) async throws -> (caller: Account, callee: Account) {
        switch self {
        case .tokens(let caller, let callee):
            return (try Account(token: caller), try Account(token: callee))
        case .secret, .demo:
            return (try await account("\(run)-\(index)-caller"), try await account("\(run)-\(index)-callee"))
        }
    }

    /// One user of that name.
    package func account(_ user: String) async throws -> Account {
        switch self {
        case .secret(let maker): Account(user: user, token: try await maker.token(for: user))
        case .demo(let endpoint):
            Account(user: user, token: try await DemoTokenRequest(endpoint: endpoint, user: user).token())
        case .tokens: throw ProbeError.notEnoughUsers
        }
    }
}

/// A user and a token that proves it.
package struct Account: Sendable {
    package let user: String
    package let token: String

    init(user: String, token: String) {
        self.user = user
        self.token = token
    }

    /// Reads the user from the token's claims; whether the token is worth anything is the server's to say.
    init(token: String) throws {
        struct Claims: Decodable { var sub: String }
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw ProbeError.badToken }
        var base64 = String(parts[1]).replacing("-", with: "+").replacing("_", with: "/")
        base64 += String(repeating: "=", count: (4 - base64.count % 4) % 4)
        guard let data = Data(base64Encoded: base64), let claims = try? JSONDecoder().decode(Claims.self, from: data)
        else { throw ProbeError.badToken }
        (user, self.token) = (claims.sub, token)
    }
}
