import ArgumentParser
import DelayProxy
import SwitchboardClient
import SwitchboardProbe

/// `latency`
struct Latency: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Time from accept until both sides have all that was prepared: near the nodes, and far from them.",
        discussion: """
            First the clients are beside their nodes, and the aim is \(LatencyReport.nearAim) ms at the 99th percentile. \
            Then a TCP proxy delays everything between each client and its node by --delay in each direction, and the aim \
            is a round trip and a half. The exit code is not 0 if an aim is missed.
            """)

    @OptionGroup var target: TargetOptions
    @Option(help: "How many calls to make, near and far each.")
    var calls = 1000
    @Option(help: "Pairs of users that call side by side.")
    var pairs = 4
    @Option(help: "Milliseconds from a client to its node, in one direction; 0 leaves the second part out.")
    var delay = 100.0

    func validate() throws {
        guard (1...100_000).contains(calls) else { throw ValidationError("--calls lies between 1 and 100000.") }
        guard (1...1000).contains(pairs) else { throw ValidationError("--pairs lies between 1 and 1000.") }
        guard (0...5000).contains(delay) else { throw ValidationError("--delay lies between 0 and 5000 ms.") }
    }

    func run() async throws {
        let report = try await target.withTarget { target in
            var report = LatencyReport()
            report.add(try await measure(target, "Near"), delay: 0)
            if delay > 0 {
                let far = try await DistantTarget.start(target, delay: .milliseconds(delay))
                report.add(try await measure(far.target, "Far"), delay: delay)
                await far.close()
            }
            return report
        }
        print(report.text)
        if target.json { print(report.json) }
        guard report.isComplete else { throw BenchError.callsFailed(report.failed) }
        guard report.isMet else { throw ExitCode.failure }
    }

    private func measure(_ target: BenchTarget, _ title: String) async throws -> ProbeReport {
        var run = ProbeRun(endpoints: target.endpoints, credentials: target.credentials)
        run.calls = calls
        run.pairs = pairs
        let (calls, tally) = (calls, CallTally())
        let report = try await ProgressLine().during {
            [run] in
            try await run.run(tally)
        } line: {
            "\(title): \(tally.current.done)/\(calls) calls, \(tally.current.failed) failed"
        }
        print("\(title):\n\(report.table)\n")
        return report
    }
}

/// A cluster whose clients are far away: each node behind a proxy of its own.
private struct DistantTarget {
    let target: BenchTarget
    private let proxies: [DelayProxy]

    static func start(_ near: BenchTarget, delay: Duration) async throws -> DistantTarget {
        var target = near
        var proxies: [DelayProxy] = []
        target.endpoints = []
        for endpoint in near.endpoints {
            guard endpoint.host == "127.0.0.1", !endpoint.isSecure else {
                throw ValidationError("Clients can be put far from nodes on ws://127.0.0.1 only; give --delay 0.")
            }
            let proxy = try await DelayProxy.start(to: endpoint.port, delay: delay)
            proxies.append(proxy)
            target.endpoints.append(try ServerEndpoint(url: "ws://127.0.0.1:\(proxy.port)"))
        }
        return DistantTarget(target: target, proxies: proxies)
    }

    func close() async {
        for proxy in proxies { await proxy.close() }
    }
}
