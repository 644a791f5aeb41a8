import Crypto
import Foundation
import SwitchboardCore
import SwitchboardProtocol

/// What is posted to the call hook, and what proves that a node posted it.
struct CallHookQuestion: Equatable, Sendable {
    let body: [UInt8]
    let headers: [(name: String, value: String)]

    private struct Content: Encodable {
        struct Media: Encodable {
            var audio: Bool
            var video: Bool
        }
        var conversation: String
        var caller: String
        var callee: String
        var media: Media
    }

    /// - Parameter wallSeconds: Since 1970; signed, so that the question can't be used another time.
    init(_ call: ProposedCall, callee: UserID, secret: Secret, wallSeconds: Int64) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let content = Content(
            conversation: call.conversation.description, caller: call.caller.text, callee: callee.text,
            media: .init(audio: call.media.audio, video: call.media.video))
        // Encoding texts and flags can't fail; an empty body would be refused by whoever gets it.
        body = (try? encoder.encode(content)).map { Array($0) } ?? []
        headers = [
            ("content-type", "application/json"), ("accept", "application/json"),
            ("switchboard-signature", Self.signature(of: body, secret: secret, wallSeconds: wallSeconds)),
        ]
    }

    /// `t=SECONDS,v1=HEX`: HMAC-SHA256 (RFC 2104) over the time, a dot, and the body.
    static func signature(of body: [UInt8], secret: Secret, wallSeconds: Int64) -> String {
        let code = HMAC<SHA256>.authenticationCode(
            for: Array("\(wallSeconds).".utf8) + body, using: SymmetricKey(data: secret.bytes))
        return "t=\(wallSeconds),v1=" + code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    static func == (left: Self, right: Self) -> Bool {
        left.body == right.body && left.headers.elementsEqual(right.headers, by: ==)
    }
}
