import Configuration
import Foundation

/// STUN and TURN servers: the list of the file, and the short form that the environment can say as well.
extension SettingsReader {
    /// - Parameter entries: Of the file's `iceServers`, each checked by itself.
    mutating func iceServers(_ entries: [IceServerEntry]) -> [IceServer] {
        (entries + shortForm()).compactMap { iceServer($0) }
    }

    private mutating func shortForm() -> [IceServerEntry] {
        var entries: [IceServerEntry] = []
        if let text = config.string(forKey: "stun.urls") {
            entries.append(IceServerEntry(commaSeparated: text, secretFile: nil))
            checkURLs(entries.last, "stun.urls", areTurn: false)
        }
        let secretFile = config.string(forKey: "turn.secretFile")
        if let text = config.string(forKey: "turn.urls") {
            entries.append(IceServerEntry(commaSeparated: text, secretFile: secretFile))
            checkURLs(entries.last, "turn.urls", areTurn: true)
            if secretFile == nil {
                problems.append(
                    "turn.urls needs turn.secretFile, the file with the secret that the TURN server has as "
                        + "static-auth-secret; a fixed username and credential can stand in iceServers")
            }
        } else if secretFile != nil {
            problems.append("turn.secretFile needs turn.urls, the servers that share the secret")
        }
        return entries
    }

    private mutating func checkURLs(_ entry: IceServerEntry?, _ key: String, areTurn: Bool) {
        let urls = entry?.urls ?? []
        if urls.isEmpty {
            problems.append("\(key) names no server; put commas between several")
        }
        for url in urls {
            guard let parsed = IceServerURL(url) else {
                problems.append(IceServerEntry.badURL(key, url))
                continue
            }
            if parsed.isTurn != areTurn {
                problems.append("\(key): \(url.prefix(80)) belongs into \(areTurn ? "stun.urls" : "turn.urls")")
            }
        }
    }

    private mutating func iceServer(_ entry: IceServerEntry) -> IceServer? {
        if let path = entry.secretFile {
            guard let secrets = turnSecrets(path), let first = secrets.first else { return nil }
            return IceServer(
                urls: entry.urls, access: .timeLimited(first: first, others: Array(secrets.dropFirst())))
        }
        if let username = entry.username, let credential = entry.credential {
            return IceServer(urls: entry.urls, access: .fixed(username: username, credential: credential))
        }
        return IceServer(urls: entry.urls, access: .open)
    }

    /// A secret a line. Sixteen bytes at least: every user has a name and its signature to try secrets on.
    private mutating func turnSecrets(_ path: String) -> [Secret]? {
        guard let data = FileManager.default.contents(atPath: path) else {
            problems.append("the TURN secret's file \(path) cannot be read")
            return nil
        }
        let secrets = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline)
            .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        guard !secrets.isEmpty, secrets.allSatisfy({ $0.utf8.count >= 16 }) else {
            problems.append(
                "the TURN secret's file \(path) must hold a secret a line, each of 16 bytes or more; "
                    + "make one with: openssl rand -hex 32")
            return nil
        }
        return secrets.map { Secret(text: $0) }
    }
}
