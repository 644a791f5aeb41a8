import PostgresClient
import SwitchboardCore
import SwitchboardProtocol
import Testing

@testable import ConversationStore

@Suite("lane state machine")
struct LaneStateMachineTests {
    private let start = ContinuousClock.now

    private func job(_ number: UInt64) -> LaneJob {
        LaneJob(id: StoreRequestID(number), .query(.probe(allowsUnreplicated: true)))
    }

    private func server(_ session: UInt64, timeline: UInt32 = 1) -> PostgresServerInfo {
        PostgresServerInfo(
            session: PostgresSessionID(session), endpoint: "db:5432", serverVersion: 150_000, systemIdentifier: 1,
            timeline: timeline, isInRecovery: false, backendPID: 1)
    }

    private func ready(inFlight: Int = 1) -> LaneStateMachine {
        var machine = LaneStateMachine(maximumInFlight: inFlight, maximumWaiting: 3)
        #expect(told(machine.connected(server(1))) == ["check 1"])
        #expect(told(machine.checkFinished(PostgresSessionID(1), refusal: nil, now: start)) == [])
        return machine
    }

    private func told(_ actions: [LaneStateMachine.Action]) -> [String] {
        actions.map { action in
            switch action {
            case .check(let session): "check \(session.rawValue)"
            case .send(let job, let session): "send \(job.id?.number ?? 0) on \(session.rawValue)"
            case .reject(let job, let reason): "reject \(job.id?.number ?? 0): \(reason)"
            case .endSession(let session): "end \(session.rawValue)"
            case .tellLost(let reason): "lost: \(reason)"
            case .tellRestored: "restored"
            }
        }
    }

    @Test("without a connection jobs are rejected, with the reason of the last attempt")
    func notConnected() {
        var machine = LaneStateMachine(maximumInFlight: 1, maximumWaiting: 3)
        #expect(told(machine.submitted(job(1), now: start)) == ["reject 1: not connected yet"])
        machine.connectionAttemptFailed("refused")
        #expect(told(machine.submitted(job(2), now: start)) == ["reject 2: refused"])
        #expect(machine.problem == "refused")
    }

    @Test("nothing is sent before the check; the first connection is no restoration")
    func checkedFirst() {
        var machine = LaneStateMachine(maximumInFlight: 1, maximumWaiting: 3)
        #expect(told(machine.connected(server(1))) == ["check 1"])
        #expect(told(machine.submitted(job(1), now: start)) == [])
        #expect(machine.problem != nil)
        #expect(told(machine.checkFinished(PostgresSessionID(1), refusal: nil, now: start)) == ["send 1 on 1"])
        #expect(machine.problem == nil)
    }

    @Test("jobs go one after the other, and no more wait than may")
    func bounded() {
        var machine = ready()
        #expect(told(machine.submitted(job(1), now: start)) == ["send 1 on 1"])
        for number: UInt64 in 2...4 { #expect(told(machine.submitted(job(number), now: start)) == []) }
        #expect(told(machine.submitted(job(5), now: start)).first?.hasPrefix("reject 5") == true)
        #expect(told(machine.finished()) == ["send 2 on 1"])
        #expect(told(machine.finished()) == ["send 3 on 1"])
    }

    @Test("a loss is told before what waited is rejected, and the return before what is sent")
    func lostAndRestored() {
        var machine = ready()
        #expect(told(machine.submitted(job(1), now: start)) == ["send 1 on 1"])
        #expect(told(machine.submitted(job(2), now: start)) == [])
        #expect(told(machine.disconnected("gone")) == ["lost: gone", "reject 2: gone"])
        #expect(told(machine.finished()) == [])
        #expect(told(machine.connected(server(2))) == ["check 2"])
        #expect(told(machine.submitted(job(3), now: start)) == [])
        #expect(
            told(machine.checkFinished(PostgresSessionID(2), refusal: nil, now: start)) == ["restored", "send 3 on 2"])
    }

    @Test("connections that were never used are lost in silence, and the lane stays lost")
    func neverUsed() {
        var machine = LaneStateMachine(maximumInFlight: 1, maximumWaiting: 3)
        _ = machine.connected(server(1))
        #expect(told(machine.disconnected("gone")) == [])

        machine = ready()
        #expect(told(machine.disconnected("gone")) == ["lost: gone"])
        _ = machine.connected(server(2))
        #expect(told(machine.disconnected("gone again")) == [])
        _ = machine.connected(server(3))
        #expect(told(machine.checkFinished(PostgresSessionID(3), refusal: nil, now: start)) == ["restored"])
    }

    @Test("a refused server is believed for a while, then asked again")
    func refused() {
        var machine = LaneStateMachine(maximumInFlight: 1, maximumWaiting: 3)
        _ = machine.connected(server(1))
        #expect(told(machine.submitted(job(1), now: start)) == [])
        #expect(
            told(machine.checkFinished(PostgresSessionID(1), refusal: "no standby", now: start))
                == ["reject 1: no standby"])
        #expect(told(machine.submitted(job(2), now: start)) == ["reject 2: no standby"])
        let later = start.advanced(by: LaneStateMachine.refusalAge)
        #expect(told(machine.submitted(job(3), now: later)) == ["check 1"])
        #expect(told(machine.checkFinished(PostgresSessionID(1), refusal: nil, now: later)) == ["send 3 on 1"])
    }

    @Test("late news of an earlier connection's check are ignored")
    func lateCheck() {
        var machine = LaneStateMachine(maximumInFlight: 1, maximumWaiting: 3)
        _ = machine.connected(server(1))
        _ = machine.disconnected("gone")
        #expect(told(machine.checkFinished(PostgresSessionID(1), refusal: nil, now: start)) == [])
        _ = machine.connected(server(2))
        #expect(told(machine.checkFinished(PostgresSessionID(1), refusal: nil, now: start)) == [])
        #expect(machine.problem != nil)
    }

    @Test("a server that was replaced is left, and not asked again")
    func replaced() {
        var machine = ready()
        #expect(told(machine.primaryChanged(timeline: 1, now: start)) == [])
        #expect(told(machine.submitted(job(1), now: start)) == ["send 1 on 1"])
        #expect(told(machine.submitted(job(2), now: start)) == [])
        let actions = told(machine.primaryChanged(timeline: 2, now: start))
        #expect(actions.first == "end 1")
        #expect(actions.last?.hasPrefix("reject 2: db:5432 is on timeline 1") == true)
        let later = start.advanced(by: .seconds(60))
        #expect(told(machine.submitted(job(3), now: later)).first?.hasPrefix("reject 3") == true)
        #expect(told(machine.disconnected("terminated")) == ["lost: terminated"])
        _ = machine.connected(server(2, timeline: 2))
        #expect(told(machine.checkFinished(PostgresSessionID(2), refusal: nil, now: later)) == ["restored"])
    }

    @Test("standbys, other databases and lower timelines are refused")
    func watermark() {
        let watermark = PrimaryWatermark()
        var standby = server(1, timeline: 9)
        standby.isInRecovery = true
        #expect(watermark.refusal(of: standby) == .standby(endpoint: "db:5432"))
        #expect(watermark.refusal(of: server(1, timeline: 2)) == nil)
        #expect(watermark.refusal(of: server(1, timeline: 2)) == nil)
        #expect(watermark.refusal(of: server(1, timeline: 3)) == nil)
        #expect(
            watermark.refusal(of: server(1, timeline: 2)) == .leftBehind(endpoint: "db:5432", found: 2, known: 3))
        var other = server(1, timeline: 4)
        other.systemIdentifier = 2
        #expect(watermark.refusal(of: other) == .otherDatabase(endpoint: "db:5432", found: 2, known: 1))
    }

    @Test("session names fit the server's 63 bytes and begin alike for one incarnation only")
    func sessionNames() {
        let short = SessionName(Incarnation(trusted: "node-1.8f3a"))
        #expect(short.named("writer 3") == "switchboard:node-1.8f3a:writer 3")
        for text in [String(repeating: "x", count: 128), "ñandú.1", "with space", "{tab\t}"] {
            let name = SessionName(Incarnation(trusted: text)).named("writer 1000")
            #expect(name.utf8.count <= 63)
            #expect(name.utf8.allSatisfy { (0x20...0x7e).contains($0) })
            #expect(name != SessionName(Incarnation(trusted: text + "x")).named("writer 1000"))
        }
        #expect(!SessionName(Incarnation(trusted: "node-1")).named("barrier").hasPrefix(short.prefix))
    }
}
