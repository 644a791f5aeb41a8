import Testing

@testable import ZooKeeperClient

@Suite("Table of pending requests")
struct PendingRequestsTests {
    @Test("Every request is removed once, and all together in order")
    func removesOnce() {
        var table = PendingRequests<String>(limit: 100)
        let serials = (0..<50).compactMap { table.insert("\($0)") }
        #expect(Set(serials).count == 50)
        #expect(table.remove(serials[7]) == "7")
        #expect(table.remove(serials[7]) == nil)
        #expect(table.removeAll() == (0..<50).filter { $0 != 7 }.map { "\($0)" })
        #expect(table.count == 0)
        #expect(table.remove(serials[8]) == nil)
    }

    @Test("The table is bounded, and has room again when something is answered")
    func bounded() throws {
        var table = PendingRequests<Int>(limit: 2)
        let inserted = table.insert(1)
        let first = try #require(inserted)
        #expect(table.insert(2) != nil)
        #expect(table.insert(3) == nil)
        _ = table.remove(first)
        #expect(table.insert(4) != nil)
    }
}

@Suite("Numbers that go through C as pointers")
struct RequestTokenTests {
    @Test("A token comes back as it went", arguments: [1, 2, SessionNumber.maximum], [0, 1, RequestToken.serialMask])
    func roundTrip(session: UInt32, serial: UInt64) throws {
        let token = RequestToken(session: try #require(SessionNumber(rawValue: session)), serial: serial)
        #expect(token.serial == serial)
        #expect(token.pointer != nil)
        #expect(RequestToken(token.pointer) == token)
    }

    @Test("A null pointer is no token and no session")
    func null() {
        #expect(RequestToken(nil) == nil)
        #expect(SessionNumber(nil) == nil)
    }

    @Test("Session numbers start again after the last")
    func wrapsAround() throws {
        let last = try #require(SessionNumber(rawValue: SessionNumber.maximum))
        #expect(last.next == .first)
        #expect(SessionNumber(last.pointer) == last)
        #expect(SessionNumber(rawValue: SessionNumber.maximum + 1) == nil)
    }
}

@Suite("Budget of log lines")
struct LineBudgetTests {
    @Test("Lines beyond the budget are counted, and the count is told in the next window")
    func counts() {
        let start = ContinuousClock.now
        var budget = LineBudget(limit: 2, window: .seconds(10))
        #expect(budget.admit(now: start) == 0)
        #expect(budget.admit(now: start) == 0)
        #expect(budget.admit(now: start) == nil)
        #expect(budget.admit(now: start + .seconds(9)) == nil)
        #expect(budget.admit(now: start + .seconds(10)) == 2)
        #expect(budget.admit(now: start + .seconds(11)) == 0)
        #expect(budget.admit(now: start + .seconds(12)) == nil)
    }

    @Test("What the logger adds itself is cut from the library's lines")
    func text() {
        let line = "2026-01-02 03:04:05,678:12(0x7f):ZOO_WARN@zookeeper_interest@2597: Delaying: [a:1]"
        #expect(LibraryLog.text(of: line) == "Delaying: [a:1]")
        #expect(LibraryLog.text(of: "something else") == "something else")
    }
}
