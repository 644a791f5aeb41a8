import Foundation
import LocalCluster
import Testing
import ZooKeeperClient

/// What a client does without ZooKeeper: refused connections, and a listener that never says a word.
@Suite("ZooKeeperClient without a server (sockets only)", .timeLimit(.minutes(1)))
struct SilentServerTests {
    @Test("Malformed hosts are refused at once", arguments: ["", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:1/a//b"])
    func badHosts(_ hosts: String) {
        #expect {
            try ZooKeeperClient(ZooKeeperConfiguration(hosts: hosts)) { _ in }
        } throws: { error in
            if case .cannotStart = error as? ZooKeeperError { true } else { false }
        }
    }

    @Test("Requests fail with an unknown outcome when no server can be reached")
    func refusedConnection() async throws {
        let client = try await TestClient.connect("127.0.0.1:\(FreePorts.one())", waiting: false).client
        await expectError(.connectionLoss) { () async throws(ZooKeeperError) in _ = try await client.get("/a") }
        await client.close()
    }

    @Test("Requests in flight are bounded; closing fails each exactly once, and nothing comes after closed")
    func boundAndClose() async throws {
        let proxy = try FreezableProxy(to: FreePorts.one())
        proxy.freeze()
        let test = try await TestClient.connect(
            "127.0.0.1:\(proxy.port)", sessionTimeout: .seconds(60), maximumRequestsInFlight: 10, waiting: false)
        try test.submit((0..<10).map { .get(path: "/\($0)") })
        await expectError(.overloaded) { () async throws(ZooKeeperError) in
            try test.client.submit(.get(path: "/11"), id: ZooKeeperRequestID(rawValue: 11))
        }
        #expect(test.recorder.events.isEmpty)

        await test.client.close()
        let failures = (0..<10).map { id in
            ZooKeeperEvent.completed(ZooKeeperRequestID(rawValue: id), .failure(.closing))
        }
        #expect(test.recorder.events == failures + [.session(.closed)])
        await expectError(.closing) { () async throws(ZooKeeperError) in
            try test.client.submit(.get(path: "/a"), id: ZooKeeperRequestID(rawValue: 12))
        }
        await test.client.close()
        #expect(test.recorder.events.count == 11)
    }

    @Test("What may not be sent is refused")
    func refused() async throws {
        let client = try await TestClient.connect("127.0.0.1:\(FreePorts.one())", waiting: false).client
        await expectError(.invalidPath("a")) { () async throws(ZooKeeperError) in try await client.create("a") }
        await expectError(.invalidPath("/a\0")) { () async throws(ZooKeeperError) in
            try await client.multi([
                .delete(path: "/b", expectedVersion: nil), .delete(path: "/a\0", expectedVersion: nil),
            ])
        }
        await expectError(.requestTooLarge(byteCount: 1_000_082, limit: 1_000_000)) {
            () async throws(ZooKeeperError) in
            try await client.create("/a", data: [UInt8](repeating: 0, count: 1_000_000))
        }
        await expectError(.notConnected) { () async throws(ZooKeeperError) in
            try await client.multi([.delete(path: "/b", expectedVersion: nil)])
        }
        await client.close()
    }

    @Test("A client that nobody holds closes by itself")
    func released() async throws {
        let recorder = try await TestClient.connect("127.0.0.1:\(FreePorts.one())", waiting: false).recorder
        try await recorder.wait(until: "closed") { $0.sessionEvents == [.closed] }
    }
}
