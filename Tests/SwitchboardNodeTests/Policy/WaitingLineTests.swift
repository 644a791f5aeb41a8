import Testing

@testable import SwitchboardNode

@Suite("WaitingLine and Turnstile")
struct WaitingLineTests {
    @Test("In the order in which they came, up to both bounds")
    func order() {
        var line = WaitingLine(capacity: 2, maximumWaiting: 2)
        #expect((1...5).map { line.arrived($0) } == [.inside, .inside, .waiting, .waiting, .turnedAway])
        #expect(line.left() == 3)
        #expect(line.arrived(6) == .waiting)
        #expect(line.left() == 4)
        #expect(line.left() == 6)
        #expect(line.inside == 2)
        #expect(line.left() == nil)
        #expect(line.left() == nil)
        #expect(line.inside == 0)
        #expect(line.arrived(7) == .inside)
    }

    @Test("Who gives up loses the place in line, and only that")
    func givingUp() {
        var line = WaitingLine(capacity: 1, maximumWaiting: 2)
        #expect((1...3).map { line.arrived($0) } == [.inside, .waiting, .waiting])
        line.gaveUp(2)
        line.gaveUp(1)
        #expect(line.arrived(4) == .waiting)
        #expect(line.left() == 3)
        #expect(line.left() == 4)
    }

    @Test("A cancelled task does not wait on, and leaves no hole behind")
    func cancelling() async throws {
        let turnstile = Turnstile(capacity: 1, maximumWaiting: 10)
        #expect(await turnstile.enter())
        let impatient = Task { await turnstile.enter() }
        let patient = Task { await turnstile.enter() }
        impatient.cancel()
        #expect(!(await impatient.value))
        await turnstile.leave()
        #expect(await patient.value)
        await turnstile.leave()
        #expect(await turnstile.enter())
    }

    @Test("Many tasks at once: never more inside than may be, and all get in")
    func many() async {
        let turnstile = Turnstile(capacity: 3, maximumWaiting: 1000)
        let count = Inside()
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<300 {
                group.addTask {
                    guard await turnstile.enter() else { return false }
                    await count.come()
                    await Task.yield()
                    await count.go()
                    await turnstile.leave()
                    return true
                }
            }
            for await wasIn in group { #expect(wasIn) }
        }
        #expect(await count.most == 3)
    }

    private actor Inside {
        var now = 0
        var most = 0
        func come() {
            now += 1
            most = max(most, now)
        }
        func go() { now -= 1 }
    }
}
