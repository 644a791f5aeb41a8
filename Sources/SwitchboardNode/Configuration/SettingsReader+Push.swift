import Configuration
import Foundation
import NIOSSL
import SwitchboardPush

/// Push providers: each is there if its key is.
extension SettingsReader {
    mutating func push(demo: NodeSettings.Demo, store: NodeSettings.Store?) -> NodeSettings.Push {
        var push = NodeSettings.Push()
        push.providers.allowsLoopback = config.bool(forKey: "push.allowLoopback", default: false)
        push.providers.additionalRoots = trustRoots()
        push.providers.webPush = webPush()
        push.providers.apns = apns()
        push.providers.fcm = fcm()
        push.providers.webhook = webhook()
        push.origins = origins()
        if push.providers.webPush == nil, config.string(forKey: "push.webPush.keyFile") == nil, demo != .off,
            case .sqlite(let path)? = store
        {
            push.demoKeyBesideStore = path
        }
        return push
    }

    // MARK: Providers

    private mutating func webPush() -> WebPushProvider.Configuration? {
        let hosts = webPushHosts()
        let subject = config.string(forKey: "push.webPush.subject")
        guard let path = config.string(forKey: "push.webPush.keyFile") else {
            if subject != nil { problems.append("push.webPush.subject needs push.webPush.keyFile too") }
            return nil
        }
        let key = signingKey(path, "push.webPush.keyFile", "make one with: switchboard push vapid-keys --out FILE")
        guard let subject, subject.hasPrefix("mailto:") || subject.hasPrefix("https://") else {
            problems.append(
                "push.webPush.subject must say whom push services may ask: mailto:ops@example.org or https://…")
            return nil
        }
        return key.map { WebPushProvider.Configuration(key: $0, subject: subject, hosts: hosts) }
    }

    /// Those of the browsers' services, and others that were configured.
    private mutating func webPushHosts() -> [HostPattern] {
        guard let text = config.string(forKey: "push.webPush.hosts") else { return .webPushServices }
        return list(text).compactMap { name in
            let pattern = HostPattern(name)
            if pattern == nil {
                problems.append("push.webPush.hosts: \(name.prefix(80)) is no host, host:port or *.domain")
            }
            return pattern
        }
    }

    private mutating func apns() -> APNsProvider.Configuration? {
        guard let path = config.string(forKey: "push.apns.keyFile") else {
            for key in ["keyId", "teamId", "topics"] where config.string(forKey: ConfigKey("push.apns.\(key)")) != nil {
                problems.append("push.apns.\(key) needs push.apns.keyFile too")
            }
            return nil
        }
        let key = signingKey(path, "push.apns.keyFile", "it is the .p8 file of the developer account")
        let keyID = needed("push.apns.keyId", "the id of the key, ten characters")
        let teamID = needed("push.apns.teamId", "the id of the developer team, ten characters")
        let topics = needed("push.apns.topics", "the bundle ids of the apps, with commas between them").map(list) ?? []
        let production = url("push.apns.productionUrl", "https://api.push.apple.com")
        let sandbox = url("push.apns.sandboxUrl", "https://api.sandbox.push.apple.com")
        guard let key, let keyID, let teamID, !topics.isEmpty, let production, let sandbox else { return nil }
        return APNsProvider.Configuration(
            key: key, keyID: keyID, teamID: teamID, topics: Set(topics), production: production, sandbox: sandbox)
    }

    private mutating func fcm() -> FCMProvider.Configuration? {
        guard let path = config.string(forKey: "push.fcm.serviceAccountFile") else { return nil }
        guard let data = contents(path, "push.fcm.serviceAccountFile") else { return nil }
        let service = url("push.fcm.url", "https://fcm.googleapis.com")
        do throws(KeyError) {
            let account = try ServiceAccount(json: data)
            return service.map { FCMProvider.Configuration(account: account, service: $0) }
        } catch {
            problems.append("push.fcm.serviceAccountFile \(path) \(error); Google's console makes it")
            return nil
        }
    }

    private mutating func webhook() -> WebhookProvider.Configuration? {
        guard config.string(forKey: "push.webhook.url") != nil else {
            if config.string(forKey: "push.webhook.secretFile") != nil {
                problems.append("push.webhook.secretFile needs push.webhook.url too")
            }
            return nil
        }
        let url = url("push.webhook.url", "")
        guard let path = needed("push.webhook.secretFile", "the file with the secret that signs, 32 bytes or more"),
            let secret = secretFile(path, "push.webhook.secretFile", atLeast: 32)
        else { return nil }
        return url.map { WebhookProvider.Configuration(url: $0, secret: Concealed(secret.bytes)) }
    }

    // MARK: Parts

    private mutating func origins() -> [String] {
        list(config.string(forKey: "push.origins", default: "")).map { text in
            let parts = text.lowercased().split(separator: "/", omittingEmptySubsequences: false)
            if parts.count != 3 || !["http:", "https:"].contains(parts[0]) || !parts[1].isEmpty || parts[2].isEmpty {
                problems.append("push.origins: \(text.prefix(80)) is no origin; write https://app.example.org")
            }
            return text.lowercased()
        }
    }

    private mutating func trustRoots() -> [NIOSSLCertificate] {
        guard let path = config.string(forKey: "push.trustRootsFile") else { return [] }
        guard let certificates = try? NIOSSLCertificate.fromPEMFile(path), !certificates.isEmpty else {
            problems.append("push.trustRootsFile \(path) cannot be read, or holds no PEM certificate")
            return []
        }
        return certificates
    }

    private mutating func signingKey(_ path: String, _ key: String, _ advice: String) -> SigningKey? {
        guard let data = contents(path, key) else { return nil }
        do throws(KeyError) {
            return try SigningKey(pem: String(decoding: data, as: UTF8.self))
        } catch {
            problems.append("\(key) \(path) \(error); \(advice)")
            return nil
        }
    }

    private mutating func contents(_ path: String, _ key: String) -> Data? {
        let data = FileManager.default.contents(atPath: path)
        if data == nil { problems.append("\(key) \(path) cannot be read") }
        return data
    }

    private mutating func needed(_ key: String, _ meaning: String) -> String? {
        let value = config.string(forKey: ConfigKey(key))
        if value == nil { problems.append("\(key) is missing: \(meaning)") }
        return value
    }

    private mutating func url(_ key: String, _ standard: String) -> TargetURL? {
        do throws(TargetRefusal) {
            return try TargetURL(config.string(forKey: ConfigKey(key), default: standard))
        } catch {
            problems.append("\(key): \(error)")
            return nil
        }
    }

    private func list(_ text: String) -> [String] {
        text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }
}
