import SwitchboardTestKit
import Testing

/// The checker is worth something only if it notices a cluster that is broken: each of these must be caught.
@Suite struct MutantTests {
    /// How many of the seeds show the fault that `break` plants.
    private func caught(
        seeds: ClosedRange<UInt64>, weather: RandomCalls.Weather = .init(), plant: (SimulatedCluster) -> Void
    ) -> [String] {
        var rules: [String] = []
        for seed in seeds {
            let calls = RandomCalls(seed: seed, weather: weather)
            plant(calls.cluster)
            let outcome = calls.run()
            rules += Set(outcome.violations.map(\.rule)).sorted()
        }
        return rules
    }

    private var stormy: RandomCalls.Weather {
        var weather = RandomCalls.Weather()
        weather.storeFaults = 0.08
        return weather
    }

    @Test func aStoreWithoutItsFenceIsCaught() {
        let rules = caught(seeds: 1...10) { $0.store.fence = .missing }
        #expect(!rules.isEmpty)
    }

    @Test func aDriverThatTakesDoubtForSuccessIsCaught() {
        let rules = caught(seeds: 1...10, weather: stormy) { $0.store.reportsUnknownAsDone = true }
        #expect(rules.contains("e") || rules.contains("b"))
    }

    @Test func aStoreThatReportsWhatTheStandbyLacksIsCaught() {
        let rules = caught(seeds: 1...60, weather: stormy) { $0.store.reportsGhostsAsDone = true }
        #expect(rules.contains("e") || rules.contains("b"))
    }

    @Test func aLinkThatLosesFramesSilentlyIsCaught() {
        var undrained = 0
        for seed in UInt64(1)...10 {
            let calls = RandomCalls(seed: seed, weather: .fair)
            calls.cluster.lostFrames = 0.1
            if !calls.run().isGood { undrained += 1 }
        }
        #expect(undrained > 0)
    }
}
