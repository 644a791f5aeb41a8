import SwitchboardCore
import Testing

@Suite struct CallPermissionTests {
    @Test func namesAndPatterns() throws {
        let permission = try #require(CallPermission(["bob", "team/a/*", "é"]))
        for callee in ["bob", "team/a/", "team/a/carol", "é"] { #expect(permission.allows(callee), "\(callee)") }
        for callee in ["", "bo", "bobby", "Bob", "team/a", "team/b/x", "my/team/a/x", "*"] {
            #expect(!permission.allows(callee), "\(callee)")
        }
    }

    @Test func aStarIsAPatternAtTheEndOnly() throws {
        let permission = try #require(CallPermission(["a*b", "c**"]))
        #expect(permission.allows("a*b"))
        #expect(!permission.allows("axb"))
        #expect(permission.allows("c*d"))
        #expect(!permission.allows("cd"))
    }

    @Test func everybodyAndNobody() throws {
        #expect(try #require(CallPermission(["*"])).allows("anybody"))
        #expect(CallPermission.everyone.allows("anybody"))
        #expect(try #require(CallPermission([])) == .nobody)
        #expect(!CallPermission.nobody.allows("anybody"))
    }

    /// Two spellings of é are two accounts, also as the beginning of a name.
    @Test func whatOnlyLooksAlikeIsAnotherUser() throws {
        let permission = try #require(CallPermission(["zoe\u{301}", "cafe\u{301}/*"]))
        #expect(!permission.allows("zo\u{e9}"))
        #expect(!permission.allows("caf\u{e9}/x"))
        #expect(permission.allows("cafe\u{301}/x"))
        #expect(try #require(CallPermission(["x/*"])).allows("x/\u{301}"))
    }

    @Test func whatNobodyMeantIsRefused() {
        #expect(CallPermission([""]) == nil)
        #expect(CallPermission([String(repeating: "x", count: 128) + "*"]) != nil)
        #expect(CallPermission([String(repeating: "x", count: 130)]) == nil)
        let many = (0..<CallPermission.maximumEntries).map { "user\($0)" }
        #expect(CallPermission(many) != nil)
        #expect(CallPermission(many + ["one more"]) == nil)
    }
}
