import Foundation
import NIOPosix
import PushTestSupport
import Testing

@testable import SwitchboardPush

@Suite("GuardedHTTPClient (real TLS servers on loopback)", .timeLimit(.minutes(1)))
struct GuardedHTTPClientTests {
    private func post(
        _ client: GuardedHTTPClient, _ url: String, within timeout: Duration = .seconds(5)
    ) async throws -> OutboundResponse {
        try await client.post(
            OutboundRequest(TargetURL(url), headers: [("x-test", "yes")], body: Array("hello".utf8)), within: timeout)
    }

    private func expectStatus(
        _ status: Int, _ client: GuardedHTTPClient, _ url: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let found = try await post(client, url).status
        #expect(found == status, sourceLocation: sourceLocation)
    }

    @Test("HTTP/2 where the server has it, else HTTP/1.1; the connection is kept", arguments: [2, 1])
    func versions(version: Int) async throws {
        let server = try await LocalPushServer.start(protocols: version == 2 ? ["h2"] : ["http/1.1"]) { _ in
            .init(202, headers: [("Retry-After", "7")], "answer")
        }
        try await withServer(server) { client, server in
            for _ in 0..<3 {
                let response = try await post(client, "https://push.test:\(server.port)/a?b")
                #expect(response.status == 202)
                #expect(response.headers["retry-after"] == "7")
                #expect(String(decoding: response.body, as: UTF8.self) == "answer")
            }
            #expect(server.requests.map(\.httpVersion) == [version, version, version])
            #expect(server.requests[0].method == "POST")
            #expect(server.requests[0].path == "/a?b")
            #expect(server.requests[0].headers["x-test"] == "yes")
            #expect(server.requests[0].headers["host"] == "push.test:\(server.port)")
            #expect(server.requests[0].text == "hello")
            #expect(server.connections == 1)
        }
    }

    @Test("Nothing is sent to an address of this machine or of a private network, by name or by number")
    func special() async throws {
        let hosts = [
            "push.test": ["127.0.0.1"], "inside.test": ["192.168.1.1"], "half.test": ["127.0.0.1", "8.8.8.8"],
            "metadata.test": ["169.254.169.254"],
        ]
        try await withServer(hosts: hosts, options: .loopback { $0.allowsLoopback = false }) { client, server in
            for host in hosts.keys.sorted() + ["127.0.0.1", "[::1]", "10.1.2.3"] {
                do {
                    _ = try await post(client, "https://\(host):\(server.port)/")
                    Issue.record("\(host) was reached")
                } catch let error as OutboundError {
                    guard case .refused(.special) = error else {
                        Issue.record("\(error)")
                        continue
                    }
                }
            }
            #expect(server.connections == 0)
        }
    }

    @Test("The name is not asked for again when connecting: a second answer would not be checked")
    func rebinding() async throws {
        // `push.test` is known to the resolver of this test only: if the client asked the system, it would find nothing.
        try await withServer { client, server in
            try await expectStatus(201, client, "https://push.test:\(server.port)/")
        }
    }

    @Test("The certificate must be the host's, and be trusted")
    func certificates() async throws {
        let hosts = ["push.test": ["127.0.0.1"], "other.test": ["127.0.0.1"]]
        try await withServer(hosts: hosts) { client, server in
            await #expect(throws: OutboundError.self) { try await post(client, "https://other.test:\(server.port)/") }
            try await expectStatus(201, client, "https://push.test:\(server.port)/")
        }
        try await withServer(hosts: hosts, options: .loopback { $0.additionalRoots = [] }) { client, server in
            await #expect(throws: OutboundError.self) { try await post(client, "https://push.test:\(server.port)/") }
            #expect(server.requests.isEmpty)
        }
    }

    @Test("A certificate's name is the host, or a wildcard for one label of it")
    func certificateNames() {
        for (name, host) in [("push.test", "push.test"), ("*.push.test", "a.push.test")] {
            #expect(CertificateNames.matches(name, host: host))
        }
        for (name, host) in [
            ("push.test", "a.push.test"), ("*.push.test", "push.test"), ("*.push.test", "a.b.push.test"),
            ("*.test", ".test"), ("*", "push"), ("127.0.0.1", "push.test"), ("", "push.test"),
        ] {
            #expect(!CertificateNames.matches(name, host: host), "\(name) for \(host)")
        }
    }

    @Test("A redirect is an answer like others, and not followed")
    func redirect() async throws {
        let other = try await LocalPushServer.start()
        let target = "https://push.test:\(other.port)/elsewhere"
        let server = try await LocalPushServer.start { _ in .init(307, headers: [("location", target)]) }
        try await withServer(server) { client, server in
            try await expectStatus(307, client, "https://push.test:\(server.port)/")
            #expect(other.connections == 0)
        }
        await other.stop()
    }

    @Test("A server that does not answer, one that does not listen, one that answers too much")
    func unwilling() async throws {
        let server = try await LocalPushServer.start { request in
            request.path == "/silent" ? nil : .init(200, String(repeating: "x", count: 1 << 20))
        }
        try await withServer(server, options: .loopback { $0.connectTimeout = .milliseconds(500) }) { client, server in
            let started = ContinuousClock.now
            await #expect(throws: OutboundError.self) {
                try await post(client, "https://push.test:\(server.port)/silent", within: .milliseconds(300))
            }
            #expect(ContinuousClock.now - started < .seconds(5))
            #expect(try await post(client, "https://push.test:\(server.port)/long").body.isEmpty)
            await server.stop()
            let gone = server.port
            do {
                _ = try await post(client, "https://push.test:\(gone)/a-secret-path", within: .seconds(3))
                Issue.record("nobody listens there")
            } catch let error as OutboundError {
                #expect(!"\(error)".contains("a-secret-path"))
            }
        }
    }

    @Test("If one address does not answer, the next attempt goes to another")
    func nextAddress() async throws {
        // Nobody listens at 127.0.0.9.
        try await withServer(
            hosts: ["push.test": ["127.0.0.9", "127.0.0.1"]],
            options: .loopback { $0.connectTimeout = .milliseconds(300) }
        ) { client, server in
            await #expect(throws: OutboundError.self) { try await post(client, "https://push.test:\(server.port)/") }
            try await expectStatus(201, client, "https://push.test:\(server.port)/")
        }
    }

    @Test("Connections to many hosts: the least used are ended, and a later push opens new ones")
    func manyHosts() async throws {
        let names = (0..<6).map { "h\($0).push.test" }
        let hosts = Dictionary(uniqueKeysWithValues: names.map { ($0, ["127.0.0.1"]) })
        try await withServer(hosts: hosts, options: .loopback { $0.maximumHosts = 2 }) { client, server in
            for name in names + names {
                try await expectStatus(201, client, "https://\(name):\(server.port)/")
            }
            #expect(server.requests.count == 12)
        }
    }

    @Test("The system's resolver finds this machine, and says so when there is nothing")
    func systemResolver() async throws {
        let pool = NIOThreadPool(numberOfThreads: 1)
        pool.start()
        let resolver = SystemHostResolver(pool: pool)
        let found = try await resolver.addresses(of: "localhost")
        #expect(!found.isEmpty)
        #expect(found.allSatisfy(SpecialAddresses.isLoopback))
        // What older tools take for an address is one in the end, and is checked as such.
        #expect(try await resolver.addresses(of: "127.1").map(\.description) == ["127.0.0.1"])
        await #expect(throws: OutboundError.self) { try await resolver.addresses(of: "no-such-host.invalid") }
        try await pool.shutdownGracefully()
    }
}
