import Crypto
import Foundation
import SwiftProtobuf
import SwitchboardCore
import SwitchboardProtocol
import Testing

@testable import SwitchboardNode

@Suite("CallHookQuestion and CallHookAnswer")
struct CallHookTests {
    /// The expected signature is of: printf '1700000000.BODY' | openssl dgst -sha256 -hmac 'a secret of more than enough bytes'
    @Test("The question, byte for byte, and its signature")
    func question() throws {
        let call = ProposedCall(
            conversation: ConversationID(high: 7, low: 8), caller: UserID(trusted: "alice/\"1\""), callee: "zoë",
            media: WireMedia.with { $0.audio = true })
        let question = CallHookQuestion(
            call, callee: try #require(UserID("zoë")), secret: Secret(text: "a secret of more than enough bytes"),
            wallSeconds: 1_700_000_000)
        #expect(
            String(decoding: question.body, as: UTF8.self) == #"""
                {"callee":"zoë","caller":"alice/\"1\"","conversation":"00000000-0000-0007-0000-000000000008","media":{"audio":true,"video":false}}
                """#)
        let headers = Dictionary(uniqueKeysWithValues: question.headers.map { ($0.name, $0.value) })
        #expect(headers["content-type"] == "application/json")
        #expect(
            headers["switchboard-signature"]
                == "t=1700000000,v1=90731e4780631cfcf211444c99193e33b708612d82f4fb9f4efa5018d217fcf3")
    }

    @Test("The signature covers time and body")
    func signature() {
        func signature(_ body: String, _ time: Int64, _ secret: String = "s") -> String {
            CallHookQuestion.signature(of: Array(body.utf8), secret: Secret(text: secret), wallSeconds: time)
        }
        let all = [signature("a", 1), signature("b", 1), signature("a", 2), signature("a", 1, "t")]
        #expect(Set(all.map { $0.split(separator: ",").last }).count == 4)
    }

    @Test("The three verdicts")
    func verdicts() throws {
        for (word, verdict) in [("allow", CallVerdict.allowed), ("refuse", .refused), ("silent", .silent)] {
            let body = Array(#"{"reason": "further keys are ignored", "verdict": "\#(word)"}"#.utf8)
            #expect(try CallHookAnswer.verdict(status: 200, body: body) == verdict)
        }
    }

    @Test(
        "Anything else is no verdict",
        arguments: [
            "", "allow", "\"allow\"", "[]", "{}", #"{"verdict": "ALLOW"}"#, #"{"verdict": true}"#,
            #"{"verdict": null}"#,
            #"{"verdict": "allow""#, #"{"Verdict": "allow"}"#, "\u{0}", "<html>allow</html>",
        ])
    func garbage(body: String) {
        #expect(throws: CallHookFailure.notUnderstood) {
            try CallHookAnswer.verdict(status: 200, body: Array(body.utf8))
        }
    }

    @Test("Other statuses and long answers are no verdicts, whatever they hold")
    func statuses() {
        let body = Array(#"{"verdict": "allow"}"#.utf8)
        for status in [100, 201, 204, 302, 400, 401, 403, 404, 500, 503] {
            #expect(throws: CallHookFailure.status(status)) { try CallHookAnswer.verdict(status: status, body: body) }
        }
        let long = body + Array(repeating: UInt8(ascii: " "), count: 4097 - body.count)
        #expect(throws: CallHookFailure.answerTooLong) { try CallHookAnswer.verdict(status: 200, body: long) }
        #expect(throws: Never.self) { try CallHookAnswer.verdict(status: 200, body: long.dropLast()) }
    }
}
