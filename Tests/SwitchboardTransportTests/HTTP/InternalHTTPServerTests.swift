import Logging
import NIOCore
import NIOPosix
import SwitchboardTransport
import Testing
import WebSocketTestSupport

@Suite("Internal HTTP server (sockets on loopback)", .serialized, .timeLimit(.minutes(1)))
struct InternalHTTPServerTests {
    private func withServer(_ body: (Int) async throws -> Void) async throws {
        var router = HTTPRouter()
        router.get("/health/live") { _ in .text("ok\n") }
        router.get("/health/ready") { _ in .error(status: 503, name: "store_unavailable", message: "a \"quoted\"\nword")
        }
        router.get(under: "/conversations/") { request in .text(String(request.path.dropFirst(15))) }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let server = InternalHTTPServer(
            host: "127.0.0.1", port: 0, group: group, responder: router,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        let address = try await server.start()
        await #expect(throws: TransportError.alreadyStarted) { try await server.start() }
        try await body(address.port)
        await server.shutdown()
        try await group.shutdownGracefully()
    }

    private func exchange(_ port: Int, _ request: String, until end: String) async throws -> String {
        let client = try await RawClient.connect(port: port)
        try await client.send(request)
        await eventually("answered") { client.text.hasSuffix(end) }
        await client.close()
        return client.text
    }

    @Test("Routes answer by path and by prefix, decoded")
    func routes() async throws {
        try await withServer { port in
            let live = try await exchange(port, "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n", until: "ok\n")
            #expect(live.hasPrefix("HTTP/1.1 200 "))
            let prefix = try await exchange(
                port, "GET /conversations/a%20b?x=%zz HTTP/1.1\r\nHost: x\r\n\r\n", until: "a b")
            #expect(prefix.hasPrefix("HTTP/1.1 200 "))
            let none = try await exchange(port, "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", until: "}")
            #expect(none.hasPrefix("HTTP/1.1 404 "))
        }
    }

    @Test("Errors are JSON with a name")
    func errors() async throws {
        try await withServer { port in
            let text = try await exchange(port, "GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n", until: "}")
            #expect(text.hasPrefix("HTTP/1.1 503 "))
            #expect(text.hasSuffix(#"{"error":"store_unavailable","message":"a \"quoted\"\nword"}"#))
        }
    }

    @Test("HEAD has the head of GET and no body")
    func head() async throws {
        try await withServer { port in
            let text = try await exchange(port, "HEAD /health/live HTTP/1.1\r\nHost: x\r\n\r\n", until: "\r\n\r\n")
            #expect(text.lowercased().contains("content-length: 3\r\n"))
        }
    }

    @Test("Pipelined requests are answered in order")
    func pipelining() async throws {
        try await withServer { port in
            let requests = (0..<10).map { "GET /conversations/<\($0)> HTTP/1.1\r\nHost: x\r\n\r\n" }.joined()
            let text = try await exchange(port, requests, until: "<9>")
            let order = text.matches(of: /<(\d)>/).map { String($0.1) }
            #expect(order == (0..<10).map(String.init))
        }
    }

    @Test("What is no path is a bad request", arguments: ["*", "/%zz", "/%00", "http://x/"])
    func badTargets(_ target: String) async throws {
        try await withServer { port in
            let text = try await exchange(port, "GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n", until: "}")
            #expect(text.hasPrefix("HTTP/1.1 400 "))
        }
    }
}
