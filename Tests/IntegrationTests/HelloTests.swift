import LocalCluster
import SwiftProtobuf
import SwitchboardProtocol
import Testing
import WebSocketTestSupport

@Suite("Hello, and what the server makes of it (real node, SQLite)", .timeLimit(.minutes(3)))
struct HelloTests {
    @Test("Welcome names node, user, limits and ping interval; sync_complete follows")
    func welcome() async throws {
        let node = try await RunningNode.shared()
        let device = try await Device.connect(node, "guest")
        let welcome = try #require(try device.messages.first?.welcome)
        #expect(welcome.node == "node")
        #expect(welcome.user == "guest")
        #expect(welcome.limits.maxMessageBytes == 65_536)
        #expect(welcome.limits.maxConversations == 32)
        #expect(welcome.limits.maxOutboxMessages > 0)
        #expect(welcome.pingIntervalMs > 0)
        #expect(try device.messages.count == 2)
        #expect(try device.messages.last?.syncComplete.missing == [])
    }

    @Test(
        "A NUL, a control character, too many bytes, or nothing, as device or outbox: invalid_identifier, 4503",
        arguments: ["nul\0inside", "line\nbreak", String(repeating: "é", count: 65), ""])
    func invalidIdentifier(text: String) async throws {
        try await besideOngoingCall { node in
            let token = try await TestToken.make("strange")
            for hello in [
                WireClientFrame.hello(token: token, device: text), .hello(token: token, outbox: text),
            ] {
                let socket = try await WebSocketClient.connect(port: node.port)
                try await socket.send(hello)
                try await expectClosed(socket, .invalidHello, .invalidIdentifier)
            }
        }
    }

    @Test("More conversations than welcome.limits allows: too_many_conversations, 4503")
    func tooManyConversations() async throws {
        try await besideOngoingCall { node in
            let cursors = Dictionary(uniqueKeysWithValues: (0..<33).map { _ in (ConversationID.random(), UInt32(1)) })
            let socket = try await WebSocketClient.connect(port: node.port)
            try await socket.send(.hello(token: try await TestToken.make("busybody"), knowing: cursors))
            try await expectClosed(socket, .invalidHello, .tooManyConversations)
        }
    }

    @Test("A newer connection of the device replaces the older one (4502); an older one does not come back")
    func replaced() async throws {
        try await besideOngoingCall { node in
            let old = try await Device.connect(node, "twice", connection: 1, outbox: "o")
            let new = try await Device.connect(node, "twice", connection: 2, outbox: "o")
            try await expectClosed(old.socket, .replaced, .replaced)

            let late = try await WebSocketClient.connect(port: node.port)
            try await late.send(new.hello(token: try await TestToken.make("twice"), connection: 1))
            try await expectClosed(late, .replaced, .replaced)
            try await new.isAnswered()
            // Another device of the same user is another matter.
            try await Device.connect(node, "twice", device: "d2").isAnswered()
            try await new.isAnswered()
        }
    }

    @Test("sync_complete comes when ended and unknown conversations named in hello have been answered")
    func syncAnswersAll() async throws {
        try await besideOngoingCall { node in
            let ended = try await OngoingCall.establish(on: node)
            let seen = UInt32(try ended.callee.deliveries(in: ended.id).count)
            try await ended.caller.sendAccepted(.hangup(), in: ended.id)
            try await ended.callee.waits("hears of the end") { try $0.kinds(in: ended.id).last == "ended" }
            let unknown = ConversationID.random()

            let back = try await Device.connect(
                node, ended.callee.user, connection: 2, outbox: ended.callee.outbox,
                knowing: [ended.id: seen, unknown: 0])
            let frames = try back.messages
            #expect(frames.last?.isSync == true)
            #expect(frames.last?.syncComplete.missing == [])
            #expect(try back.kinds(in: ended.id) == ["ended"])
            #expect(try back.deliveries(in: ended.id).first?.number == seen + 1)
            #expect(try back.deliveries(in: ended.id).first?.message.ended.reason == "hangup")
            #expect(try back.errors.map(\.name) == ["not_found"])
            #expect(try back.errors.first?.conversation == unknown.description)
            #expect(try back.errors.first?.permanent == true)
            // Who knows the end already is told nothing again.
            let third = try await Device.connect(
                node, ended.callee.user, connection: 3, outbox: ended.callee.outbox, knowing: [ended.id: seen + 1])
            #expect(try third.deliveries(in: ended.id) == [])
        }
    }

    @Test("A name that is no call id is refused by name, and the connection goes on")
    func namesNonsense() async throws {
        let node = try await RunningNode.shared()
        let socket = try await WebSocketClient.connect(port: node.port)
        var hello = WireClientFrame.hello(token: try await TestToken.make("nonsense"))
        hello.hello.conversations = [.with { $0.conversation = "not a call" }]
        try await socket.send(hello, .ping())
        try await waitUntil("the pong comes", within: .seconds(10)) {
            try socket.messages().contains(where: \.isPong)
        }
        #expect(try socket.messages().contains { $0.error.name == "invalid_identifier" })
    }

    @Test("A device that lost its memory of a call gets a snapshot of it, not a replay")
    func snapshot() async throws {
        let node = try await RunningNode.shared()
        let call = try await OngoingCall.establish(on: node)
        let before = UInt32(try call.callee.deliveries(in: call.id).count)
        let back = try await Device.connect(node, call.callee.user, connection: 2)
        let snapshot = try #require(try back.snapshot(of: call.id))
        #expect(snapshot.state == "active")
        #expect(snapshot.role == "callee")
        #expect(snapshot.caller == call.caller.user)
        #expect(snapshot.leg == "selected")
        #expect(snapshot.nextNumber == before + 1)
        #expect(try back.deliveries(in: call.id) == [])
        try await call.caller.sendAccepted(.info("go on"), in: call.id)
        try await back.waits("gets what follows") { try $0.deliveries(in: call.id).map(\.number) == [before + 1] }
    }
}
