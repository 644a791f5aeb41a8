import Crypto
import Foundation
import LocalCluster
import SwitchboardPush
import Testing

@testable import SwitchboardNode

@Suite("NodeSettings: pushes")
struct PushSettingsTests {
    private let home: TemporaryDirectory

    init() throws {
        home = try TemporaryDirectory(label: "push-settings")
        try "a secret of more than enough bytes\n"
            .write(toFile: home.file("secret"), atomically: true, encoding: .utf8)
        try P256.Signing.PrivateKey().pemRepresentation
            .write(toFile: home.file("key.pem"), atomically: true, encoding: .utf8)
    }

    private func read(
        _ push: String, environment: [String: String] = [:]
    ) async throws(SettingsError) -> NodeSettings {
        var flags = SettingsFlags()
        flags.data = home.file("calls.sqlite")
        flags.configFile = home.file("node.json")
        let text = #"{"auth": {"secretFile": "\#(home.file("secret"))"}, "push": \#(push)}"#
        #expect(FileManager.default.createFile(atPath: home.file("node.json"), contents: Data(text.utf8)))
        return try await NodeSettings.read(flags, environment: environment)
    }

    private func problems(_ push: String) async -> String {
        do throws(SettingsError) {
            _ = try await read(push)
            return ""
        } catch {
            return error.problems.joined(separator: "\n")
        }
    }

    @Test("Nothing configured: no provider, and the summary says what that means")
    func none() async throws {
        let settings = try await read("{}")
        #expect(settings.push.providers.isEmpty)
        #expect(settings.push.demoKeyBesideStore == nil)
        #expect(settings.summary.contains("push         none"))
    }

    @Test("Web Push: key and subject, the known services' hosts unless others are named")
    func webPush() async throws {
        let known = try await read(#"{"webPush": {"keyFile": "\#(home.file("key.pem"))", "subject": "mailto:a@b.c"}}"#)
        let webPush = try #require(known.push.providers.webPush)
        #expect(webPush.subject == "mailto:a@b.c")
        #expect(webPush.hosts == .webPushServices)
        #expect(known.summary.contains(webPush.key.publicKey))
        #expect(known.summary.contains("*.push.apple.com"))
        let other = try await read(
            #"{"webPush": {"keyFile": "\#(home.file("key.pem"))", "subject": "https://a.b"}}"#,
            environment: ["PUSH_WEB_PUSH_HOSTS": "push.example:8443, *.push.example"])
        #expect(other.push.providers.webPush?.hosts.map(\.description) == ["push.example:8443", "*.push.example"])
    }

    @Test("APNs, with Apple's addresses unless others are named")
    func apns() async throws {
        let settings = try await read(
            """
            {"apns": {"keyFile": "\(home.file("key.pem"))", "keyId": "KEY", "teamId": "TEAM", "topics": "com.a, com.b",
                      "sandboxUrl": "https://127.0.0.1:8443"}}
            """)
        let apns = try #require(settings.push.providers.apns)
        #expect(apns.topics == ["com.a", "com.b"])
        #expect(apns.production.text == "https://api.push.apple.com/")
        #expect(apns.sandbox.port == 8443)
        #expect(settings.summary.contains("APNs as team TEAM with key KEY for com.a, com.b"))
    }

    @Test("A webhook: address and secret; the secret shows nowhere")
    func webhook() async throws {
        let settings = try await read(
            #"{"webhook": {"url": "https://app.example/calls", "secretFile": "\#(home.file("secret"))"}}"#)
        #expect(settings.push.providers.webhook?.secret.value == Array("a secret of more than enough bytes".utf8))
        #expect(settings.summary.contains("webhook at https://app.example/calls"))
        var dumped = settings.summary
        dump(settings.push, to: &dumped)
        #expect(!dumped.contains("a secret of more"))
        #expect(!dumped.contains("PRIVATE"))
    }

    @Test("What opens a door is named loudly")
    func warnings() async throws {
        let settings = try await read(#"{"allowLoopback": true, "origins": "https://App.example.org"}"#)
        #expect(settings.push.providers.allowsLoopback)
        #expect(settings.push.origins == ["https://app.example.org"])
        #expect(settings.summary.contains("WARNING      push.allowLoopback"))
        #expect(settings.summary.contains("https://app.example.org too"))
    }

    @Test(
        "Half of a provider is none: what is missing or wrong is named",
        arguments: [
            (#"{"webPush": {"subject": "mailto:a@b.c"}}"#, "push.webPush.subject needs push.webPush.keyFile"),
            (#"{"webPush": {"keyFile": "KEY"}}"#, "push.webPush.subject must say"),
            (#"{"webPush": {"keyFile": "KEY", "subject": "ops"}}"#, "push.webPush.subject must say"),
            (#"{"webPush": {"keyFile": "/no/such/file", "subject": "mailto:a@b"}}"#, "/no/such/file cannot be read"),
            (#"{"webPush": {"keyFile": "SECRET", "subject": "mailto:a@b"}}"#, "switchboard push vapid-keys"),
            (#"{"webPush": {"keyFile": "KEY", "subject": "mailto:a@b", "hosts": "*"}}"#, "push.webPush.hosts: *"),
            (#"{"apns": {"keyFile": "KEY"}}"#, "push.apns.keyId is missing"),
            (#"{"apns": {"keyFile": "KEY", "keyId": "K"}}"#, "push.apns.teamId is missing"),
            (#"{"apns": {"keyFile": "KEY", "keyId": "K", "teamId": "T"}}"#, "push.apns.topics is missing"),
            (#"{"apns": {"topics": "com.a"}}"#, "push.apns.topics needs push.apns.keyFile"),
            (#"{"fcm": {"serviceAccountFile": "KEY"}}"#, "holds no service account"),
            (#"{"webhook": {"url": "http://a.b", "secretFile": "SECRET"}}"#, "https://"),
            (#"{"webhook": {"url": "https://a.b"}}"#, "push.webhook.secretFile is missing"),
            (#"{"webhook": {"secretFile": "SECRET"}}"#, "push.webhook.secretFile needs push.webhook.url"),
            (#"{"origins": "app.example.org"}"#, "push.origins"),
            (#"{"trustRootsFile": "SECRET"}"#, "push.trustRootsFile"),
            (#"{"allowLoopback": "yes"}"#, "push.allowLoopback must be a flag"),
            (#"{"webpush": {}}"#, "unknown key push.webpush"),
        ])
    func bad(push: String, expected: String) async {
        let text = push.replacing("\"KEY\"", with: "\"\(home.file("key.pem"))\"")
            .replacing("\"SECRET\"", with: "\"\(home.file("secret"))\"")
        let found = await problems(text)
        #expect(found.contains(expected), "\(found)")
    }

    @Test("The demo's key is made once, for its owner only, and kept; a configured one wins")
    func demoKey() async throws {
        var flags = SettingsFlags()
        flags.data = home.file("calls.sqlite")
        let settings = try await NodeSettings.read(flags, environment: [:])
        let path = try #require(settings.push.demoKeyBesideStore)
        let first = try DemoPushKey.readOrMake(beside: path)
        #expect(try DemoPushKey.readOrMake(beside: path).key.publicKey == first.key.publicKey)
        let attributes = try FileManager.default.attributesOfItem(atPath: home.file("demo.vapid.pem"))
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        flags.configFile = home.file("node.json")
        let text = #"{"push": {"webPush": {"keyFile": "\#(home.file("key.pem"))", "subject": "mailto:a@b.c"}}}"#
        #expect(FileManager.default.createFile(atPath: home.file("node.json"), contents: Data(text.utf8)))
        #expect(try await NodeSettings.read(flags, environment: [:]).push.demoKeyBesideStore == nil)
    }

    @Test("A key pair for Web Push is made, and not over another")
    func vapidKeys() throws {
        let file = home.file("vapid.pem")
        let publicKey = try VAPIDKeyMaker.make(file: file)
        #expect(try SigningKey(pem: String(contentsOfFile: file, encoding: .utf8)).publicKey == publicKey)
        #expect(Base64URL.decode(publicKey)?.count == 65)
        let attributes = try FileManager.default.attributesOfItem(atPath: file)
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        #expect(throws: SettingsError.self) { try VAPIDKeyMaker.make(file: file) }
    }
}
