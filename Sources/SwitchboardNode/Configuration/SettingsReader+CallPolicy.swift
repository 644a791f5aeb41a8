import Configuration
import Foundation

/// Who may call whom.
extension SettingsReader {
    static let standardClaim = "switchboard_call"

    mutating func callPolicy() -> CallPolicySettings? {
        let kind = config.string(forKey: "callPolicy.kind", default: "everyone")
        switch kind {
        case "everyone": return .everyone
        case "claim":
            return .claim(
                name: config.string(forKey: "callPolicy.claim", default: Self.standardClaim),
                allowsWithoutClaim: isAllowed("callPolicy.withoutClaim"))
        case "hook": return hook().map { .hook($0) }
        default:
            problems.append("callPolicy.kind \(kind.prefix(64)) is none of everyone, claim, hook")
            return nil
        }
    }

    private mutating func hook() -> CallHookSettings? {
        let url = hookURL()
        let secret = hookSecret()
        let timeout = number("callPolicy.hook.timeoutMs", 2_000, 50...30_000)
        let concurrency = number("callPolicy.hook.concurrency", 64, 1...1_000)
        let allowsOnFailure = isAllowed("callPolicy.hook.onFailure")
        guard let url, let secret else { return nil }
        var hook = CallHookSettings(url: url, secret: secret)
        hook.timeout = .milliseconds(timeout)
        hook.concurrency = concurrency
        hook.allowsOnFailure = allowsOnFailure
        hook.rootsFile = config.string(forKey: "callPolicy.hook.rootsFile")
        if let file = hook.rootsFile, !FileManager.default.isReadableFile(atPath: file) {
            problems.append("callPolicy.hook.rootsFile \(file) cannot be read")
        }
        return hook
    }

    private mutating func hookURL() -> String? {
        guard let text = config.string(forKey: "callPolicy.hook.url") else {
            problems.append("callPolicy.kind hook needs callPolicy.hook.url, the address that is asked")
            return nil
        }
        guard let url = URL(string: text), ["http", "https"].contains(url.scheme), url.host?.isEmpty == false,
            url.user == nil, url.password == nil, url.fragment == nil
        else {
            // Not repeated: what is wrong with it may be that it holds a password.
            problems.append("callPolicy.hook.url must be http://… or https://… with a host and without a password")
            return nil
        }
        return text
    }

    private mutating func hookSecret() -> Secret? {
        guard let path = config.string(forKey: "callPolicy.hook.secretFile") else {
            problems.append("callPolicy.kind hook needs callPolicy.hook.secretFile, whose secret signs the questions")
            return nil
        }
        return secretFile(path, "callPolicy.hook.secretFile", atLeast: 32)
    }

    /// `allow` or `refuse`, the default.
    private mutating func isAllowed(_ key: String) -> Bool {
        let word = config.string(forKey: ConfigKey(key), default: "refuse")
        if word != "allow", word != "refuse" {
            problems.append("\(key) is \(word.prefix(64)), but must be allow or refuse")
        }
        return word == "allow"
    }
}
