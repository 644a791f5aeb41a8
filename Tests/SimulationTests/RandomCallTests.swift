import Foundation
import SwitchboardTestKit
import Testing

/// Random calls under random faults. A failing seed is run again, with its whole story, by
/// `SWITCHBOARD_SEED=<seed> swift test --filter RandomCallTests/replay`.
@Suite struct RandomCallTests {
    @Test(arguments: seeds(100)) func everythingComesToAnEnd(seed: UInt64) {
        let outcome = RandomCalls(seed: seed).run()
        #expect(outcome.violations.isEmpty, "\(how(seed)): \(outcome.violations)")
        #expect(outcome.undrained == nil, "\(how(seed))")
    }

    @Test(arguments: seeds(20)) func inFairWeather(seed: UInt64) {
        let outcome = RandomCalls(seed: seed, weather: .fair).run()
        #expect(outcome.violations.isEmpty, "\(how(seed)): \(outcome.violations)")
        #expect(outcome.undrained == nil, "\(how(seed))")
        #expect(outcome.calls > 0)
    }

    @Test(.enabled(if: ProcessInfo.processInfo.environment["SWITCHBOARD_SEED"] != nil)) func replay() throws {
        let environment = ProcessInfo.processInfo.environment
        let seed = try #require(environment["SWITCHBOARD_SEED"].flatMap(UInt64.init))
        let isFair = environment["SWITCHBOARD_WEATHER"] == "fair"
        let calls = RandomCalls(seed: seed, weather: isFair ? .fair : .init(), recordsTrace: true)
        let outcome = calls.run()
        print(calls.cluster.trace.lines.joined(separator: "\n"))
        #expect(outcome.violations.isEmpty)
        #expect(outcome.undrained == nil)
    }
}

/// Seeds to try: 1 and up, or from `SWITCHBOARD_FIRST_SEED` on, `SWITCHBOARD_SEEDS` of them.
private func seeds(_ count: Int) -> [UInt64] {
    let environment = ProcessInfo.processInfo.environment
    let first = environment["SWITCHBOARD_FIRST_SEED"].flatMap(UInt64.init) ?? 1
    let count = environment["SWITCHBOARD_SEEDS"].flatMap(UInt64.init) ?? UInt64(count)
    return Array(first..<(first + count))
}

private func how(_ seed: UInt64) -> Comment {
    "replay with SWITCHBOARD_SEED=\(seed) swift test --filter RandomCallTests/replay"
}
