import SwitchboardTestKit
import Testing

/// The golden traces, in virtual time. `SWITCHBOARD_REWRITE_TRACES=1 swift test --filter SimulationTests.CallTraceTests` writes
/// down what is told now; what has changed is then in the files' diff, to be read.
@Suite struct CallTraceTests {
    @Test func thereAreSome() {
        #expect(CallTrace.names.count > 50)
    }

    /// By several seeds, for nothing may depend on who is told first.
    @Test(arguments: CallTrace.names) func plays(_ name: String) throws {
        var trace = try CallTrace.named(name)
        for seed in UInt64(1)...8 {
            let stage = SimulatedStage(seed: seed)
            defer { stage.cluster.stop() }
            let told = try stage.play(trace)
            if seed == 1, CallTrace.isToBeRewritten {
                trace = trace.expecting(told)
                try trace.write()
            }
            for (step, lines) in zip(trace.steps, told) where step.expected != lines {
                Issue.record("seed \(seed), \(step.text):\n  \(lines.joined(separator: "\n  "))")
            }
            let violations = HistoryChecker.check(stage.cluster)
            #expect(violations.isEmpty, "seed \(seed): \(violations)")
        }
    }

    @Test func aFileIsWrittenAsItWasRead() throws {
        for name in CallTrace.names {
            let trace = try CallTrace.named(name)
            #expect(trace.expecting(trace.steps.map(\.expected)).text == trace.text)
        }
    }
}
