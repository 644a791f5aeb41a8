import Foundation
import LocalCluster
import SwitchboardProtocol
import Testing
import WebSocketTestSupport

@Suite("What operators see, and whole calls (real node, SQLite)", .timeLimit(.minutes(3)))
struct OperationTests {
    @Test(
        "A whole call over each pair of subprotocols, to its end",
        arguments: Subprotocol.allCases, Subprotocol.allCases)
    func wholeCall(callerSpeaks: Subprotocol, calleeSpeaks: Subprotocol) async throws {
        let node = try await RunningNode.shared()
        let call = try await OngoingCall.establish(on: node, callerSpeaks: callerSpeaks, calleeSpeaks: calleeSpeaks)
        try await call.expectUndisturbed()
        try await call.callee.sendAccepted(.hangup(), in: call.id)
        for device in [call.caller, call.callee] {
            try await device.waits("hears of the end") { try $0.kinds(in: call.id).last == "ended" }
            #expect(try device.deliveries(in: call.id).last?.message.ended.reason == "hangup")
        }
        // Late messages of an ended call: accepted without effect.
        try await call.caller.sendAccepted(.info("too late"), in: call.id)
        try await call.callee.isAnswered()
        #expect(try call.callee.kinds(in: call.id).last == "ended")
        #expect(try call.caller.errors == [])
    }

    @Test("Health and readiness on the internal port, and nowhere else")
    func health() async throws {
        let node = try await RunningNode.shared()
        #expect(await LoopbackRequest.get("/health/live", port: node.internalPort)?.status == 200)
        #expect(await LoopbackRequest.get("/health/ready", port: node.internalPort)?.status == 200)
        for path in ["/health/live", "/health/ready", "/metrics", "/conversations/\(ConversationID.random())"] {
            #expect(await LoopbackRequest.get(path, port: node.port)?.status == 404, "\(path)")
        }
        #expect(await LoopbackRequest.get("/nothing", port: node.internalPort)?.status == 404)
    }

    @Test("Metrics are what Prometheus reads, and move with what happens")
    func metrics() async throws {
        try await RunningNode.with { node in
            func value(_ name: String) async throws -> Double? {
                try await node.metrics().first { $0.name == "switchboard_" + name }?.value
            }
            let before = try await node.metrics()
            #expect(before.allSatisfy { $0.name.hasPrefix("switchboard_") })
            #expect(Set(before.map { $0.name + $0.labels }).count == before.count)
            #expect(try await value("ready") == 1)
            #expect(try await value("connections") == 0)
            #expect(try await value("appends_total") == 0)
            let call = try await OngoingCall.establish(on: node)
            #expect(try await value("connections") == 2)
            #expect(try await value("sessions") == 2)
            #expect(try await value("led_conversations") == 1)
            #expect(try #require(try await value("appends_total")) >= 3)
            #expect(try #require(try await value("frames_to_clients_total")) >= 13)
            await call.caller.socket.raw.close()
            try await waitUntil("the socket's end is noticed", within: .seconds(10)) {
                try await value("sessions") == 1
            }
            let after = try await node.metrics()
            let counters = { (metrics: [Metric]) in metrics.filter { $0.kind == "counter" }.map(\.name) }
            #expect(counters(after) == counters(before))
            for (old, new) in zip(before, after) where old.kind == "counter" { #expect(new.value >= old.value) }
        }
    }

    @Test("The data can be read by the node's own user only")
    func permissions() async throws {
        let node = try await RunningNode.shared()
        _ = try await OngoingCall.establish(on: node)
        let directory = try FileManager.default.contentsOfDirectory(atPath: node.directory.path)
        let files = directory.filter { $0.hasPrefix("calls.sqlite") }
        #expect(files.contains("calls.sqlite-wal"))
        for file in files {
            let attributes = try FileManager.default.attributesOfItem(atPath: node.directory.file(file))
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600, "\(file)")
        }
    }

    @Test("An operator can ask who leads a call; a call id that is none is refused")
    func leader() async throws {
        let node = try await RunningNode.shared()
        let call = try await OngoingCall.establish(on: node)
        let answer = try #require(await LoopbackRequest.get("/conversations/\(call.id)", port: node.internalPort))
        #expect(answer.status == 200)
        let leader = try #require(try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any])
        #expect((leader["leader"] as? String)?.hasPrefix("node.") == true)
        #expect(try call.caller.deliveries(in: call.id).last?.epoch == (leader["epoch"] as? NSNumber)?.uint32Value)
        #expect(
            await LoopbackRequest.get("/conversations/\(ConversationID.random())", port: node.internalPort)?.status
                == 404)
        #expect(await LoopbackRequest.get("/conversations/nonsense", port: node.internalPort)?.status == 400)
    }
}
