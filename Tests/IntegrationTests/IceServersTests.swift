import Foundation
import LocalCluster
import SwiftProtobuf
import SwitchboardProtocol
import Testing
import WebSocketTestSupport

@Suite("ICE servers with credentials of the user (real node, SQLite)", .timeLimit(.minutes(3)))
struct IceServersTests {
    private func with(lifetimeMs: Int, _ body: (RunningNode) async throws -> Void) async throws {
        let home = try TemporaryDirectory(label: "turn")
        try "the-secret-of-the-turn-servers".write(toFile: home.file("turn"), atomically: true, encoding: .utf8)
        let file = """
            {"iceServers": [{"urls": "stun:s"}, {"urls": ["turn:t"], "secretFile": "\(home.file("turn"))"}],
             "turn": {"credentialLifetimeMs": \(lifetimeMs)}}
            """
        try await RunningNode.with(.init(file: file), body)
    }

    /// The `iceServers` frames that came, without that in `welcome`.
    private func frames(_ device: Device) throws -> [WireIceServers] {
        try device.messages.compactMap { if case .iceServers(let servers)? = $0.frame { servers } else { nil } }
    }

    private func parts(_ servers: [WireIceServer]) throws -> (expiry: Double, user: String) {
        let turn = try #require(servers.last)
        #expect(turn.urls == ["turn:t"])
        #expect(Data(base64Encoded: turn.credential)?.count == 20)
        let parts = turn.username.split(separator: ":")
        return (try #require(Double(parts[0])), String(parts[1]))
    }

    @Test("welcome holds them, bound to the user, with the time for which they are good")
    func welcome() async throws {
        try await with(lifetimeMs: 3_600_000) { node in
            var credentials: Set<String> = []
            for user in ["alice", "zoë:1"] {
                let device = try await Device.connect(node, user)
                let welcome = try #require(try device.messages.first).welcome
                #expect(welcome.iceServersTtlMs == 3_600_000)
                #expect(welcome.iceServers.map(\.urls) == [["stun:s"], ["turn:t"]])
                #expect(welcome.iceServers.first?.username == "")
                let (expiry, name) = try parts(welcome.iceServers)
                #expect(name == (user == "alice" ? "alice" : "zo%C3%AB%3A1"))
                #expect(abs(expiry - Date().timeIntervalSince1970 - 3600) < 60)
                credentials.insert(try #require(welcome.iceServers.last).credential)
            }
            #expect(credentials.count == 2)
            #expect(!node.log.contains("the-secret"))
            for credential in credentials { #expect(!node.log.contains(credential)) }
        }
    }

    @Test("Who asks gets those that he has while they are new, and fresh ones after")
    func asking() async throws {
        try await with(lifetimeMs: 3_600_000) { node in
            let device = try await Device.connect(node, "alice")
            let first = try #require(try device.messages.first).welcome
            try await device.socket.send(.iceServersRequest())
            try await device.waits("gets an answer") { try frames($0).count == 1 }
            let same = try frames(device)[0]
            #expect(same.iceServers == first.iceServers)
            #expect(same.ttlMs > 0 && same.ttlMs <= first.iceServersTtlMs)

            // Their age decides, so it is asked until they are old enough.
            let deadline = ContinuousClock.now + .seconds(20)
            var newest = same
            while newest.iceServers == first.iceServers, ContinuousClock.now < deadline {
                let count = try frames(device).count
                try await device.socket.send(.iceServersRequest())
                try await device.waits("gets an answer") { try frames($0).count > count }
                newest = try #require(try frames(device).last)
                try await Task.sleep(for: .milliseconds(100))
            }
            #expect(try parts(newest.iceServers).expiry > parts(first.iceServers).expiry)
            #expect(newest.ttlMs == 3_600_000)
        }
    }

    @Test("Before they expire fresh ones come unasked, again and again")
    func refreshing() async throws {
        try await with(lifetimeMs: 3_000) { node in
            let device = try await Device.connect(node, "alice")
            var last = try parts(try #require(try device.messages.first).welcome.iceServers)
            for count in 1...2 {
                try await device.waits("gets fresh ones, number \(count)") { try frames($0).count >= count }
                #expect(Date().timeIntervalSince1970 <= last.expiry, "they came after the old ones had expired")
                let fresh = try parts(try frames(device)[count - 1].iceServers)
                #expect(fresh.expiry > last.expiry)
                #expect(fresh.user == "alice")
                last = fresh
            }
        }
    }

    @Test("Servers without credentials that expire are said once, with no time")
    func forEver() async throws {
        try await RunningNode.with(.init(file: #"{"stun": {"urls": "stun:s"}}"#)) { node in
            let device = try await Device.connect(node, "alice")
            let welcome = try #require(try device.messages.first).welcome
            #expect(welcome.iceServers.map(\.urls) == [["stun:s"]])
            #expect(welcome.iceServersTtlMs == 0)
            try await device.socket.send(.iceServersRequest())
            try await device.waits("gets an answer") { try frames($0).count == 1 }
            #expect(try frames(device)[0].iceServers == welcome.iceServers)
        }
    }
}

extension WireClientFrame {
    fileprivate static func iceServersRequest() -> WireClientFrame { .with { $0.iceServers = WireIceServersRequest() } }
}
