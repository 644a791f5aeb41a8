import Foundation
import LocalCluster

extension ZooKeeperEnsemble {
    /// Stops a server where it stands and returns when all its threads have stopped: the signal takes them one by one, and
    /// until then the server may still answer.
    func pauseAndWait(_ index: Int) async throws {
        await pause(index)
        guard let pid = await runningProcesses()[index]?.pid else {
            throw LocalClusterError.failed("server \(index) does not run")
        }
        try await waitUntil("all threads of server \(index) stop", within: .seconds(10), pollEvery: .milliseconds(2)) {
            let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")
            return threads.allSatisfy { thread in
                let status = try? String(contentsOfFile: "/proc/\(pid)/task/\(thread)/status", encoding: .utf8)
                return status?.contains("\nState:\tT") ?? true
            }
        }
    }
}
