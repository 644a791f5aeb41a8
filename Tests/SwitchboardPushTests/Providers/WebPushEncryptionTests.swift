import Crypto
import Foundation
import PushTestSupport
import Testing

@testable import SwitchboardPush

@Suite("WebPushEncryption")
struct WebPushEncryptionTests {
    private func bytes(_ text: String) throws -> [UInt8] { try #require(Base64URL.decode(text)) }

    @Test("The example of RFC 8291, Appendix A, byte by byte")
    func specification() throws {
        let sender = try P256.KeyAgreement.PrivateKey(
            rawRepresentation: bytes("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"))
        let subscription = try WebPushSubscription(
            parameters: Array(
                """
                {"p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
                 "auth": "BTBZMqHH6r4Tts7J_aSIgg"}
                """.utf8))
        let body = try WebPushEncryption(key: sender, salt: bytes("DGv6ra1nlYgDCS1FRnbzlw"))
            .encrypt(Array("When I grow up, I want to be a watermelon".utf8), for: subscription)
        #expect(
            Base64URL.encode(body)
                == "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz"
                + "AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN")

        let browser = BrowserSubscription(
            key: try P256.KeyAgreement.PrivateKey(
                rawRepresentation: bytes("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94")),
            auth: try bytes("BTBZMqHH6r4Tts7J_aSIgg"))
        #expect(try browser.decrypt(body) == "When I grow up, I want to be a watermelon")
    }

    @Test("Only the subscription's own keys read it, and every message has a key and a salt of its own")
    func roundTrip() throws {
        let browser = BrowserSubscription()
        let subscription = try WebPushSubscription(parameters: browser.parameters.utf8)
        let first = try WebPushEncryption().encrypt(Array("hello".utf8), for: subscription)
        let second = try WebPushEncryption().encrypt(Array("hello".utf8), for: subscription)
        #expect(try browser.decrypt(first) == "hello")
        #expect(try browser.decrypt(second) == "hello")
        #expect(first[..<16] != second[..<16])
        #expect(first[21..<86] != second[21..<86])
        #expect(throws: (any Error).self) { try BrowserSubscription().decrypt(first) }
        #expect(throws: (any Error).self) {
            try BrowserSubscription(key: browser.key, auth: [UInt8](repeating: 0, count: 16)).decrypt(first)
        }
        var changed = first
        changed[90] ^= 1
        #expect(throws: (any Error).self) { try browser.decrypt(changed) }
    }

    @Test("The longest text makes a body of 4096 bytes; one byte more is refused")
    func longest() throws {
        let browser = BrowserSubscription()
        let subscription = try WebPushSubscription(parameters: browser.parameters.utf8)
        let longest = [UInt8](repeating: 0x61, count: WebPushEncryption.maximumPlaintext)
        let body = try WebPushEncryption().encrypt(longest, for: subscription)
        #expect(body.count == 4096)
        #expect(try browser.decrypt(body).utf8.count == longest.count)
        #expect(throws: KeyError.self) { try WebPushEncryption().encrypt(longest + [0x61], for: subscription) }
    }

    @Test("Keys that are none are refused, and said to be")
    func badKeys() throws {
        let good = BrowserSubscription().keys
        let bad: [[String: String]] = [
            [:], ["p256dh": good["p256dh"] ?? ""], ["p256dh": "AAAA", "auth": good["auth"] ?? ""],
            ["p256dh": Base64URL.encode([4] + [UInt8](repeating: 7, count: 64)), "auth": good["auth"] ?? ""],
            ["p256dh": good["p256dh"] ?? "", "auth": "AAAA"], ["p256dh": good["p256dh"] ?? "", "auth": "#"],
        ]
        for fields in bad {
            let data = try JSONEncoder().encode(fields)
            #expect(throws: KeyError.self) { try WebPushSubscription(parameters: data) }
        }
        #expect(throws: KeyError.self) { try WebPushSubscription(parameters: Array("no JSON".utf8)) }
    }
}
