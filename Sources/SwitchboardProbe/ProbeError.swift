/// What keeps a probe or a benchmark from running at all.
package enum ProbeError: Error, Equatable {
    case unreadable(String)
    case badToken
    case sameUser(String)
    case notEnoughUsers
    case noDemoToken(String)
    case cannotConnect(String)
}

extension ProbeError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreadable(let file): "Cannot use '\(file)': it must be readable, and a secret has 32 bytes or more."
        case .badToken: "The token is no JWT with a `sub`; make one with `switchboard token --user NAME`."
        case .sameUser(let user): "Both tokens are of '\(user)'; a call needs two users."
        case .notEnoughUsers: "Two tokens make one pair of users; for more give --secret-file."
        case .noDemoToken(let reason):
            "No demo token (\(reason)). Is the node up and in demo mode? Otherwise give --secret-file or two --token-file."
        case .cannotConnect(let reason): "Cannot connect: \(reason)"
        }
    }
}
