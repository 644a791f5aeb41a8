import ClientTestSupport
import SwitchboardProtocol
import Testing

@Suite("Session: properties over faulty networks")
struct SessionPropertyTests {
    @Test("every send is committed once and in order, every delivery seen once and in order", arguments: 1...300)
    func nothingLostNothingTwice(seed: Int) {
        var simulation = SimulatedSession(seed: UInt64(seed))
        for _ in 0..<800 { simulation.step() }
        simulation.settle()

        #expect(simulation.faults == [])
        #expect(simulation.server.faults == [])
        for id in [callA, callB] {
            #expect(simulation.server.committed[id, default: []] == simulation.sent[id, default: []])
            // A process that started again goes on from a snapshot: from there on nothing is missing.
            let seen = simulation.seen[id, default: []]
            if let first = seen.first {
                let last = UInt32(simulation.server.deliveries[id, default: []].count)
                #expect(seen == Array(first...last))
            }
        }
    }

    @Test("the simulation does what it is for")
    func faultsHappen() {
        var counts: [String: Int] = [:]
        for seed in 1...20 {
            var simulation = SimulatedSession(seed: UInt64(seed))
            for _ in 0..<800 { simulation.step() }
            counts.merge(simulation.counts, uniquingKeysWith: +)
        }
        for fault in ["gap", "overloaded", "swapped", "repeated", "broken", "restarted"] {
            #expect(counts[fault, default: 0] >= 10, "\(fault) happens too rarely: \(counts)")
        }
    }
}
