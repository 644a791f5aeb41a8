import LocalCluster
import Testing
import ZooKeeperClient

@Suite("ZooKeeperClient in outages (real servers, each test its own)", .timeLimit(.minutes(3)))
struct OutageTests {
    @Test("A killed server fails all in flight once, with unknown outcome; session and watches outlive its restart")
    func serverKilled() async throws {
        let server = try await startServer()
        let test = try await TestClient.connect(server.connectString)
        _ = try await test.client.children(of: "/", watch: true)
        // The server must not answer before it dies.
        try await server.pauseAndWait(0)
        try test.submit((0..<200).map { .create(path: "/\($0)", data: [], mode: .persistent) })
        try await server.kill(0)
        try await test.recorder.wait(until: "all have failed") { $0.answers.count == 200 }
        #expect(test.recorder.answers.map(\.id) == Array(0..<200))
        #expect(test.recorder.answers.allSatisfy { $0.result == .failure(.connectionLoss) })
        #expect(ZooKeeperError.connectionLoss.outcomeIsUnknown)
        let events = test.recorder.events
        let told = try #require(events.firstIndex(of: .session(.disconnected)))
        #expect(events[..<told].allSatisfy { if case .completed = $0 { false } else { true } })

        try await server.start(0)
        try await test.recorder.wait(until: "connected again") { $0.connections == 2 }
        let connections = test.recorder.sessionEvents.filter { $0 != .disconnected && $0 != .presumedExpired }
        #expect(connections.count == 2 && connections[0] == connections[1])
        try await test.client.create("/after")
        try await test.recorder.wait(until: "the watch fires") { $0.changes(of: "/") == 1 }
        #expect(test.recorder.answers.count == 200)
        await test.client.close()
        try await server.stop()
    }

    @Test("A server that stops answering makes the client presume expiry, once; later the server tells the truth")
    func serverPaused() async throws {
        let server = try await startServer()
        let test = try await TestClient.connect(server.connectString, sessionTimeout: .seconds(1))
        try await server.pauseAndWait(0)
        try test.submit([.get(path: "/")])
        try await test.recorder.wait(until: "expiry is presumed") { $0.sessionEvents.contains(.presumedExpired) }
        #expect(Array(test.recorder.sessionEvents.dropFirst()) == [.disconnected, .presumedExpired])
        // The library tells a silent server from a broken connection; either way nobody knows what became of the request.
        #expect(test.recorder.answers.map(\.result) == [.failure(.operationTimeout)])
        #expect(ZooKeeperError.operationTimeout.outcomeIsUnknown)
        await server.resume(0)
        try await test.recorder.wait(until: "the server has told") { recorder in
            recorder.connections == 2 || recorder.sessionEvents.contains(.expired)
        }
        #expect(test.recorder.sessionEvents.count { $0 == .presumedExpired } == 1)
        await test.client.close()
        #expect(test.recorder.events.last == .session(.closed))
        try await server.stop()
    }

    @Test("A session cut off from the ensemble expires: its ephemeral goes, the client learns it later and closes")
    func expiry() async throws {
        let server = try await startServer()
        let direct = try await TestClient.connect(server.connectString)
        let port = try #require(server.connectString.split(separator: ":").last.flatMap { Int($0) })
        let proxy = try FreezableProxy(to: port)
        let cutOff = try await TestClient.connect("127.0.0.1:\(proxy.port)", sessionTimeout: .seconds(1))
        try await cutOff.client.create("/e", mode: .ephemeral)
        #expect(try await direct.client.children(of: "/", watch: true).contains("e"))

        proxy.freeze()
        try await direct.recorder.wait(until: "the ephemeral is gone") { $0.changes(of: "/") == 1 }
        #expect(try await direct.client.exists("/e") == nil)
        try await cutOff.recorder.wait(until: "expiry is presumed") { $0.sessionEvents.contains(.presumedExpired) }
        #expect(!cutOff.recorder.sessionEvents.contains(.expired))

        proxy.thaw()
        try await cutOff.recorder.wait(until: "closed") { $0.sessionEvents.last == .closed }
        #expect(
            Array(cutOff.recorder.sessionEvents.dropFirst()) == [.disconnected, .presumedExpired, .expired, .closed])
        await expectError(.closing) { () async throws(ZooKeeperError) in try await cutOff.client.create("/x") }
        await cutOff.client.close()
        await direct.client.close()
        try await server.stop()
    }

    @Test("A wiped server expires the session; what waits is failed exactly once")
    func wiped() async throws {
        let server = try await startServer()
        let test = try await TestClient.connect(server.connectString, sessionTimeout: .seconds(4))
        try await server.wipe()
        try await test.recorder.wait(until: "disconnected") { $0.sessionEvents.last == .disconnected }
        var asked = 0
        try await server.start()
        // Requests go on until the client refuses them.
        try await waitUntil("requests are refused", within: .seconds(30)) {
            do throws(ZooKeeperError) {
                try test.client.submit(.get(path: "/"), id: ZooKeeperRequestID(rawValue: UInt64(asked)))
                asked += 1
                return false
            } catch {
                #expect(error == .sessionExpired || error == .closing)
                return true
            }
        }
        try await test.recorder.wait(until: "closed") { $0.sessionEvents.last == .closed }
        #expect(test.recorder.sessionEvents.contains(.expired))
        #expect(test.recorder.answers.map(\.id) == Array(0..<UInt64(asked)))
        let lawful: Set<ZooKeeperError> = [.connectionLoss, .operationTimeout, .sessionExpired]
        #expect(Set(test.recorder.answers.compactMap { $0.result.error }).isSubset(of: lawful))
        #expect(test.recorder.answers.allSatisfy { $0.result.error != nil })
        try await server.stop()
    }

    private func startServer() async throws -> ZooKeeperEnsemble {
        let server = try ZooKeeperEnsemble(servers: 1)
        try await server.start()
        return server
    }
}

extension Result {
    fileprivate var error: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}
