import ClientTestSupport
import Foundation
import LocalCluster
import SwitchboardClient
import SwitchboardProtocol
import Testing

@Suite("Calls of the Swift SDK over a real node, with a library without media", .timeLimit(.minutes(2)))
struct CallCenterTests {
    private func phone(_ node: RunningNode, _ user: String, _ library: FakePeerConnections) async throws -> Phone {
        try await Phone(
            url: "ws://127.0.0.1:\(node.port)", token: .fixed(try await TestToken.make(user)), webRTC: library)
    }

    private func user(_ name: String) throws -> UserID { try #require(UserID(name)) }

    @Test("the guide's first call: it rings, is picked up, packets pass, both see the same pictures, it is hung up")
    func firstCall() async throws {
        let node = try await RunningNode.start()
        let library = FakePeerConnections()
        let (alice, bob) = (try await phone(node, "alice", library), try await phone(node, "bob", library))
        let (rung, ring) = AsyncStream.makeStream(of: Call.self)
        let listening = Task {
            try await bob.start { call in
                try await call.accept(.audio)
                ring.yield(call)
            }
        }
        try await alice.center.connect()
        let bobsName = try user("bob")
        let (mine, end) = try await within(.seconds(20)) { await alice.call(bobsName) }
        #expect(end == nil)
        let theirs = try await within { () throws -> Call in
            for await call in rung { return call }
            throw DeadlineMissed()
        }
        #expect(theirs.id == mine.id && theirs.peer == "alice" && theirs.media == .audioVideo)
        try await waitUntil("both see the same pictures", within: .seconds(10)) {
            mine.securityCode.pictures != nil && mine.securityCode == theirs.securityCode
        }
        try await mine.sendInfo(type: "chat", body: "hello")
        try await theirs.hangUp()
        try await waitUntil("the caller hears of it", within: .seconds(10)) { mine.state.hasEnded }
        guard case .ended(let reason) = mine.state else { return }
        #expect(reason.known == .hangup)
        #expect(library.faults == [])
        await alice.center.close()
        await bob.center.close()
        listening.cancel()
        try await node.process.kill()
    }

    @Test("the node is killed in the middle of a call, and the call goes on")
    func survives() async throws {
        let node = try await RunningNode.start()
        let library = FakePeerConnections()
        let (alice, bob) = (try await phone(node, "alice", library), try await phone(node, "bob", library))
        let listening = Task { try await bob.start { call in try await call.accept() } }
        try await alice.center.connect()
        let bobsName = try user("bob")
        let (mine, end) = try await within(.seconds(20)) { await alice.call(bobsName) }
        #expect(end == nil)
        try await node.process.kill()
        library.breakPaths()
        let again = try await node.startAgain()
        try await waitUntil("the media are back by an ICE restart", within: .seconds(40)) {
            mine.state == .active && library.connected == 2
        }
        try await within(.seconds(20)) { try await mine.hangUp() }
        #expect(library.faults == [])
        await alice.center.close()
        await bob.center.close()
        listening.cancel()
        try await again.process.kill()
    }

    @Test("the guide shows the first call as it is tested here")
    func guide() throws {
        let here = URL(filePath: #filePath).deletingLastPathComponent()
        let source = try String(contentsOf: here.appending(path: "FirstCall.swift"), encoding: .utf8)
        let root = here.deletingLastPathComponent().deletingLastPathComponent()
        let guide = try String(contentsOf: root.appending(path: "docs/SWIFT-SDK.md"), encoding: .utf8)
        let begin = try #require(source.range(of: "// begin\n")).upperBound
        let end = try #require(source.range(of: "// end\n")).lowerBound
        #expect(guide.contains(source[begin..<end]))
    }
}
