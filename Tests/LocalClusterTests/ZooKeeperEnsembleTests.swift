import LocalCluster
import Testing

@Suite("ZooKeeperEnsemble (real servers)", .timeLimit(.minutes(3)))
struct ZooKeeperEnsembleTests {
    @Test("One server serves, and again after a wipe")
    func single() async throws {
        let ensemble = try ZooKeeperEnsemble(servers: 1)
        try await ensemble.start()
        #expect(await ensemble.leaderIndex() == 0)
        try await ensemble.wipe()
        #expect(await ensemble.leaderIndex() == nil)
        try await ensemble.start()
        #expect(await ensemble.leaderIndex() == 0)
        try await ensemble.stop()
        #expect(await ensemble.runningProcesses().isEmpty)
    }

    @Test("Three servers elect another leader when theirs is killed, and none without a quorum")
    func ensembleOfThree() async throws {
        let ensemble = try ZooKeeperEnsemble(servers: 3)
        try await ensemble.start()
        let first = try #require(await ensemble.leaderIndex())
        try await ensemble.kill(first)
        try await ensemble.waitUntilServing()
        let second = try #require(await ensemble.leaderIndex())
        #expect(second != first)

        try await ensemble.kill(second)
        let last = try #require(Set(0..<3).subtracting([first, second]).first)
        try await waitUntil("the last server stops serving", within: .seconds(30)) {
            await ensemble.leaderIndex() == nil
        }
        try await ensemble.start()
        await ensemble.pause(last)
        await ensemble.resume(last)
        try await ensemble.waitUntilServing()
        #expect(await ensemble.runningProcesses().count == 3)
        try await ensemble.stop()
    }
}
