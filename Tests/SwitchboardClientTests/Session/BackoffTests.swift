import SwitchboardClient
import Testing

@Suite("Backoff")
struct BackoffTests {
    private let backoff = Backoff(base: .milliseconds(100), ceiling: .seconds(1))

    @Test("nothing first, then a share of a ceiling that doubles to its bound")
    func grows() {
        #expect(backoff.wait(attempt: 0, jitter: 0.9) == .zero)
        #expect(backoff.wait(attempt: 1, jitter: 0.5) == .milliseconds(50))
        #expect(backoff.wait(attempt: 2, jitter: 0.5) == .milliseconds(100))
        #expect(backoff.wait(attempt: 4, jitter: 0.5) == .milliseconds(400))
        #expect(backoff.wait(attempt: 5, jitter: 0.5) == .milliseconds(500))
        #expect(backoff.wait(attempt: 10_000, jitter: 0.5) == .milliseconds(500))
        #expect(backoff.wait(attempt: 7, jitter: 0) == .zero)
    }
}
