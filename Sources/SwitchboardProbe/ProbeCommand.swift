public import ArgumentParser
import SwitchboardClient
import SwitchboardProtocol

/// `probe`: makes whole calls and says how long their phases took. What an operator runs against production.
public struct ProbeCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "probe",
        abstract: "Make whole calls between two users of its own, and show how long each phase took.",
        discussion: """
            Each call is invited, rings, is picked up with everything prepared, exchanges messages and is hung up; every \
            delivery must come once and in order. The exit code is not 0 if a call failed.

            Tokens: signed with the cluster's secret, or given, or made by a node in demo mode.

            Examples:
              switchboard probe
              switchboard probe --url wss://calls.example.org --secret-file /etc/switchboard/secret --calls 100 --rate 5
              switchboard probe --url ws://10.0.0.1:8080 --token-file alice.token --token-file bob.token --json
            """)

    @Option(help: "Where to connect; give it twice and the two sides of a call come to different nodes.")
    var url: [String] = ["ws://127.0.0.1:8080"]
    @Option(help: "How many calls to make.")
    var calls = 10
    @Option(help: "At most so many calls a second (default: one after the other).")
    var rate: Double?
    @Option(help: "Pairs of users that call side by side; more than one needs --secret-file or demo mode.")
    var pairs = 1
    @Option(help: "File with the secret that signs tokens (HS256).")
    var secretFile: String?
    @Option(help: "File with one user's token; give two.")
    var tokenFile: [String] = []
    @Option(help: "PEM file with the certificates to trust with wss (default: the system's).")
    var caFile: String?
    @Option(help: "Seconds that a call may take.")
    var timeout = 30.0
    @Option(help: "The encoding on the wire: protobuf or json.")
    var encoding: Encoding = .protobuf
    @Flag(help: "Print one JSON object as the last line.")
    var json = false

    enum Encoding: String, ExpressibleByArgument, CaseIterable {
        case protobuf, json
    }

    public init() {}

    public func validate() throws {
        guard (1...1_000_000).contains(calls) else { throw ValidationError("--calls lies between 1 and 1000000.") }
        guard (1...1000).contains(pairs) else { throw ValidationError("--pairs lies between 1 and 1000.") }
        guard rate.map({ $0 > 0 }) ?? true else { throw ValidationError("--rate must be more than 0.") }
        guard timeout > 0, timeout <= 3600 else { throw ValidationError("--timeout lies between 0 and 3600 s.") }
        guard tokenFile.isEmpty || tokenFile.count == 2 else {
            throw ValidationError("Give two --token-file: one of the caller, one of the callee.")
        }
        guard tokenFile.isEmpty || secretFile == nil else {
            throw ValidationError("Give --secret-file or two --token-file, not both.")
        }
        guard tokenFile.isEmpty || pairs == 1 else {
            throw ValidationError("Two tokens make one pair of users; --pairs needs --secret-file or demo mode.")
        }
    }

    public func run() async throws {
        let endpoints = try url.map { try ServerEndpoint(url: $0) }
        var run = ProbeRun(endpoints: endpoints, credentials: try await credentials(endpoints[0]))
        run.calls = calls
        run.rate = rate
        run.pairs = pairs
        run.plan.timeout = .seconds(timeout)
        run.trustedCertificatesFile = caFile
        run.configuration.subprotocol = encoding == .json ? .json : .protobuf

        let (calls, tally) = (calls, CallTally())
        let report = try await ProgressLine().during {
            [run] in
            try await run.run(tally)
        } line: {
            let counts = tally.current
            return "\(counts.done)/\(calls) calls, \(counts.failed) failed"
        }
        print(report.table)
        if json { print(report.json) }
        guard report.failed == 0 else { throw ExitCode.failure }
    }

    private func credentials(_ endpoint: ServerEndpoint) async throws -> Credentials {
        if let secretFile { return .secret(try await TokenMaker(secretFile: secretFile)) }
        guard tokenFile.count == 2 else { return .demo(endpoint) }
        return .tokens(try TextFile.read(tokenFile[0]), try TextFile.read(tokenFile[1]))
    }
}
