import Testing

@testable import SwitchboardNode

@Suite("Readiness")
struct ReadinessTests {
    private func problems(
        _ readiness: Readiness, store: [String] = [], isStoreHealthy: Bool = true, isDraining: Bool = false
    ) -> [String] {
        readiness.problems(storeProblems: store, isStoreHealthy: isStoreHealthy, isDraining: isDraining)
    }

    @Test("Not before it serves and the coordinator is there; not while anything is wrong")
    func story() {
        let readiness = Readiness()
        #expect(problems(readiness).count == 2)
        readiness.serving(true)
        #expect(problems(readiness) == ["coordinator: no session, elections wait"])
        readiness.coordinator(isAvailable: true)
        #expect(problems(readiness) == [])
        #expect(problems(readiness, store: ["no standby"]) == ["store: no standby"])
        #expect(problems(readiness, isStoreHealthy: false) == ["store: no commit succeeds"])
        #expect(problems(readiness, isDraining: true) == ["draining"])
        readiness.coordinator(isAvailable: false)
        #expect(problems(readiness).count == 1)
    }
}
