import Foundation
import LocalCluster
import SwitchboardProtocol
import Testing
import WebSocketTestSupport

@Suite("Demo mode lets in this machine's browser and nobody else (real node, SQLite)", .timeLimit(.minutes(3)))
struct DemoTests {
    private struct Answer: Decodable {
        var token: String?
        var user: String?
        var error: String?
        var message: String?
    }

    private func ask(
        _ node: RunningNode, host: String? = nil, headers: String = "", body: String = "{\"user\":\"ann\"}"
    )
        async throws -> (status: Int, answer: Answer)
    {
        let answer = try #require(await node.post("/demo/token", body, host: host, headers: headers))
        return (answer.status, try JSONDecoder().decode(Answer.self, from: Data(answer.body.utf8)))
    }

    private func token(_ node: RunningNode, user: String = "ann") async throws -> String {
        let (status, answer) = try await ask(node, body: "{\"user\":\"\(user)\"}")
        #expect(status == 200)
        #expect(answer.user == user)
        return try #require(answer.token)
    }

    @Test("A node without configuration makes tokens for its own page, and says so in its log")
    func allowed() async throws {
        let node = try await RunningNode.sharedDemo()
        for host in ["127.0.0.1:\(node.port)", "localhost:\(node.port)", "[::1]:\(node.port)", "LOCALHOST"] {
            let (status, _) = try await ask(node, host: host, headers: "Origin: http://\(host)\r\n")
            #expect(status == 200, "\(host)")
        }
        let device = try await Device.connect(node, "ann", token: try await token(node))
        #expect(try device.messages.first?.welcome.user == "ann")
        #expect(node.log.contains("demo mode"))
        #expect(await LoopbackRequest.get("/demo/config", port: node.port)?.body == "{\"demo\":true}")
    }

    static let strangers: [(host: String, headers: String)] = [
        ("evil.example", ""), ("localhost.evil.example", ""), ("127.0.0.1.evil.example:80", ""), ("192.0.2.1", ""),
        ("", ""),
        ("localhost", "Origin: http://evil.example\r\n"), ("localhost", "Origin: null\r\n"),
        ("localhost:8080", "Origin: http://localhost:9999\r\n"),
        ("localhost", "X-Forwarded-For: 192.0.2.1\r\n"), ("localhost", "Forwarded: for=192.0.2.1\r\n"),
    ]

    @Test("A foreign Host, a foreign Origin, a forwarded request: demo_refused, 403", arguments: strangers)
    func refused(host: String, headers: String) async throws {
        let node = try await RunningNode.sharedDemo()
        let (status, answer) = try await ask(node, host: host, headers: headers)
        #expect(status == 403)
        #expect(answer.error == "demo_refused")
        #expect(answer.message?.isEmpty == false)
        #expect(answer.token == nil)
    }

    @Test("The same on the WebSocket: demo_refused, 4504", arguments: strangers.filter { !$0.host.isEmpty })
    func refusedOnWebSocket(host: String, headers: String) async throws {
        let node = try await RunningNode.sharedDemo()
        let socket = try await WebSocketClient.connect(port: node.port, host: host, extra: headers)
        try await socket.send(.hello(token: try await token(node)))
        try await expectClosed(socket, .demoRefused, .demoRefused)
    }

    @Test("A user's name that is none, or a body that is no JSON: invalid_identifier, 400")
    func badName() async throws {
        let node = try await RunningNode.sharedDemo()
        for body in ["{\"user\":\"\"}", "{\"user\":\"a\\u0000b\"}", "{\"name\":\"ann\"}", "ann", ""] {
            let (status, answer) = try await ask(node, body: body)
            #expect(status == 400, "\(body)")
            #expect(answer.error == "invalid_identifier", "\(body)")
        }
    }

    @Test("With authentication configured there are no demo tokens, no page, and none made elsewhere count")
    func off() async throws {
        try await besideOngoingCall { node in
            let (status, answer) = try await ask(node)
            #expect(status == 403)
            #expect(answer.error == "demo_refused")
            #expect(await LoopbackRequest.get("/demo/config", port: node.port)?.body == "{\"demo\":false}")
            #expect(await LoopbackRequest.get("/", port: node.port)?.status == 404)

            let socket = try await WebSocketClient.connect(port: node.port)
            try await socket.send(.hello(token: try await TestToken.make("ann", demo: true)))
            try await expectClosed(socket, .demoRefused, .demoRefused)
        }
    }

    @Test("Who asks for demo mode with --demo gets it through a balancer too, but for localhost only")
    func askedFor() async throws {
        try await RunningNode.with(.init(arguments: ["--demo"])) { node in
            let forwarded = "X-Forwarded-For: 127.0.0.1\r\n"
            let own = try await ask(node, host: "localhost:8080", headers: forwarded)
            let foreign = try await ask(node, host: "evil.example", headers: forwarded)
            #expect(own.status == 200)
            #expect(foreign.status == 403)
            #expect(node.log.contains("demo mode"))
        }
    }

    @Test("The page and the SDK are served, and nothing else of the disk")
    func page() async throws {
        let node = try await RunningNode.sharedDemo()
        let page = try #require(await LoopbackRequest.get("/", port: node.port))
        #expect(page.status == 200)
        #expect(page.body.lowercased().contains("<html"))
        for path in ["/../../../Package.swift", "/sdk/%2e%2e/%2e%2e/Package.swift", "/nothing"] {
            #expect(await LoopbackRequest.get(path, port: node.port)?.status != 200, "\(path)")
        }
    }
}
