import Foundation

/// One element of `iceServers` as a configuration file says it, with its secrets still in their file.
struct IceServerEntry: Sendable, Equatable {
    var urls: [String]
    var username: String?
    var credential: Secret?
    var secretFile: String?

    /// - Throws: `SettingsError` with all that is wrong with it.
    init(_ object: [String: Any]) throws(SettingsError) {
        var problems = object.keys.sorted().filter { !Self.keys.contains($0) }.map {
            "iceServers: unknown key \($0); there are \(Self.keys.joined(separator: ", "))"
        }
        func text(_ key: String) -> String? {
            guard let value = object[key] else { return nil }
            if let text = value as? String { return text.isEmpty ? nil : text }
            problems.append("iceServers: \(key) must be a text")
            return nil
        }
        urls = object["urls"] as? [String] ?? (object["urls"] as? String).map { [$0] } ?? []
        username = text("username")
        credential = text("credential").map { Secret(text: $0) }
        secretFile = text("secretFile")
        problems += self.problems
        guard problems.isEmpty else { throw SettingsError(problems) }
    }

    /// Such as stand in `stun.urls` and `turn.urls`, with commas between them.
    init(commaSeparated text: String, secretFile: String?) {
        urls = text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        self.secretFile = secretFile
    }

    var needsCredentials: Bool { urls.contains { IceServerURL($0)?.isTurn == true } }

    private static let keys = ["urls", "username", "credential", "secretFile"]

    private var problems: [String] {
        guard !urls.isEmpty else { return ["iceServers: each needs urls, such as \"turn:turn.example.org:3478\""] }
        if let bad = urls.first(where: { IceServerURL($0) == nil }) {
            return [Self.badURL("iceServers", bad)]
        }
        switch (username, credential, secretFile) {
        case (nil, nil, nil) where needsCredentials:
            return ["iceServers: \(urls[0]) needs secretFile, or username and credential; browsers refuse it without"]
        case (nil, nil, _), (_?, _?, nil): return []
        default: return ["iceServers: \(urls[0]) needs username and credential, or secretFile, and not a part of both"]
        }
    }

    static func badURL(_ key: String, _ url: String) -> String {
        "\(key): \(url.prefix(80)) is no address of a STUN or TURN server; "
            + "such are stun:HOST[:PORT], turn:HOST[:PORT][?transport=udp|tcp], and stuns:, turns: for TLS"
    }
}
