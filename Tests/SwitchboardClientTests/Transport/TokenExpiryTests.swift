import Foundation
import Testing

@testable import SwitchboardClient

@Suite("Token expiry")
struct TokenExpiryTests {
    private func token(_ claims: String) -> String {
        let payload = Data(claims.utf8).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        return "e30.\(payload).signature"
    }

    @Test("a token is renewed a minute before it expires, a short-lived one half-way")
    func renewal() {
        #expect(TokenExpiry.renewal(of: token(#"{"sub":"alice","exp":4600}"#), now: .seconds(1000)) == .seconds(3540))
        #expect(TokenExpiry.renewal(of: token(#"{"exp":1030}"#), now: .seconds(1000)) == .seconds(15))
        #expect(TokenExpiry.renewal(of: token(#"{"exp":1030.5}"#), now: .seconds(1000.5)) == .seconds(15))
        // Characters of the URL-safe alphabet.
        #expect(TokenExpiry.renewal(of: token(#"{"sub":"ÿÿÿ~~>>??","exp":1030}"#), now: .zero) == .seconds(970))
        #expect(TokenExpiry.renewal(of: token(#"{"exp":1e11}"#), now: .zero) == .seconds(30 * 86_400))
    }

    @Test(
        "what says nothing about its end is never renewed",
        arguments: ["", "token", "a.b", "a.b.c", "e30.e30.x", "e30.eyJleHAiOiJ4In0.x", "e30.eyJleHAiOjFlMzA5fQ.x"])
    func silent(token: String) {
        #expect(TokenExpiry.renewal(of: token, now: .zero) == nil)
    }

    @Test("nor is one that is over")
    func over() {
        #expect(TokenExpiry.renewal(of: token(#"{"exp":1000}"#), now: .seconds(1000)) == nil)
        #expect(TokenExpiry.renewal(of: token(#"{"exp":-5}"#), now: .seconds(1000)) == nil)
    }
}
