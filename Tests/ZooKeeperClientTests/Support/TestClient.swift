import LocalCluster
import Testing
import ZooKeeperClient

/// A client, and what it tells.
struct TestClient: Sendable {
    let client: ZooKeeperClient
    let recorder: EventRecorder

    /// Makes a client and, unless told otherwise, waits until it is connected.
    static func connect(
        _ hosts: String,
        sessionTimeout: Duration = .seconds(10),
        maximumRequestsInFlight: Int = 10_000,
        waiting: Bool = true
    ) async throws -> TestClient {
        let recorder = EventRecorder()
        let configuration = ZooKeeperConfiguration(
            hosts: hosts, sessionTimeout: sessionTimeout, maximumRequestsInFlight: maximumRequestsInFlight)
        let client = try ZooKeeperClient(configuration, sink: recorder.sink)
        if waiting { try await recorder.wait(until: "connected") { $0.connections == 1 } }
        return TestClient(client: client, recorder: recorder)
    }

    /// Submits requests with the ids that follow from their position.
    func submit(_ requests: [ZooKeeperRequest]) throws {
        for (index, request) in requests.enumerated() {
            try client.submit(request, id: ZooKeeperRequestID(rawValue: UInt64(index)))
        }
    }
}

/// The one server that all tests share which do it no harm. It ends with the process of the tests.
enum SharedServer {
    private static let ensemble = Task {
        let ensemble = try ZooKeeperEnsemble(servers: 1)
        try await ensemble.start()
        return ensemble
    }

    /// Connects to a fresh root of the test's own, so that tests do not meet.
    static func root(_ name: String = #function) async throws -> String {
        let hosts = try await ensemble.value.connectString
        let path = "/" + name.filter(\.isLetter)
        let client = try await TestClient.connect(hosts).client
        try await client.create(path)
        await client.close()
        return hosts + path
    }
}

/// Runs a body and fails unless it throws exactly this error.
func expectError(
    _ expected: ZooKeeperError, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws(ZooKeeperError) -> Void
) async {
    do throws(ZooKeeperError) {
        try await body()
        Issue.record("expected \(expected), but nothing was thrown", sourceLocation: sourceLocation)
    } catch {
        #expect(error == expected, sourceLocation: sourceLocation)
    }
}
