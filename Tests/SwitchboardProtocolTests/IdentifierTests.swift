import SwitchboardProtocol
import Testing

@Suite struct IdentifierTests {
    @Test(arguments: ["alice", "a", "名前", "a b", "\u{1f600}", String(repeating: "x", count: 128)])
    func namesAreTaken(text: String) {
        #expect(UserID(text)?.text == text)
    }

    /// A NUL would fail a whole batch in PostgreSQL; line ends would forge lines of a log.
    @Test(arguments: [
        "", String(repeating: "x", count: 129), String(repeating: "ä", count: 65), "a\u{0}b", "a\nb", "a\u{7f}",
        "a\u{85}b",
        "a\u{2028}b", "\u{1b}[31m",
    ]) func othersAreNot(text: String) {
        #expect(UserID(text) == nil)
    }

    @Test func connectionIdsHaveOneForm() {
        #expect(ConnectionID("c17") == ConnectionID(17))
        #expect(ConnectionID(17).description == "c17")
        #expect(ConnectionID("17") == nil)
        #expect(ConnectionID("c") == nil)
        #expect(ConnectionID("c-1") == nil)
        #expect(ConnectionID("d1") == nil)
    }
}
