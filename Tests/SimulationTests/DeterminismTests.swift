import SwitchboardTestKit
import Testing

/// A seed that fails is worth something only if it fails again.
@Suite struct DeterminismTests {
    @Test(arguments: [UInt64(3), 17, 222]) func theSameSeedIsTheSameRun(seed: UInt64) {
        let first = RandomCalls(seed: seed).run()
        let second = RandomCalls(seed: seed).run()
        #expect(first.digest == second.digest)
        #expect(first.steps == second.steps)
        #expect(first.deliveries == second.deliveries)
    }

    @Test func anotherSeedIsAnotherRun() {
        #expect(RandomCalls(seed: 1).run().digest != RandomCalls(seed: 2).run().digest)
    }
}
