import Foundation
import Logging
import NIOConcurrencyHelpers
import SwiftProtobuf
import SwitchboardCore
import SwitchboardProtocol
import SwitchboardTransport
import Testing

@testable import SwitchboardNode

@Suite("ConnectionGate")
struct ConnectionGateTests {
    private static let secret = Secret(text: "a secret of more than enough bytes")

    /// A gate before a core whose actions are kept.
    private final class Setup: Sendable {
        let core = RunningCore()
        let verifier: TokenVerifier
        let gate: ConnectionGate
        let closed: NIOLockedValueBox<[ConnectionID: ErrorName]>
        let reading: NIOLockedValueBox<[ConnectionID: Bool]>

        init(demo: NodeSettings.Demo = .off) async throws {
            let closed = NIOLockedValueBox<[ConnectionID: ErrorName]>([:])
            let reading = NIOLockedValueBox<[ConnectionID: Bool]>([:])
            (self.closed, self.reading) = (closed, reading)
            verifier = try await TokenVerifier(.secret(ConnectionGateTests.secret))
            gate = ConnectionGate(
                verifier: verifier, demo: DemoGate(mode: demo), core: core.thread,
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
                close: { connection, _, name in closed.withLockedValue { $0[connection] = name } },
                setReading: { connection, isReading in reading.withLockedValue { $0[connection] = isReading } })
        }

        func hello(user: String = "ann", expires: Double = 60, isDemo: Bool = false) async throws -> WireClientFrame {
            let token = try await token(user: user, expires: expires, isDemo: isDemo)
            return .with {
                $0.hello.token = token
                $0.hello.device = "d"
                $0.hello.outbox = "o"
            }
        }

        func token(user: String = "ann", expires: Double = 60, isDemo: Bool = false) async throws -> String {
            try await verifier.make(user: user, expires: Date(timeIntervalSinceNow: expires), isDemo: isDemo)
        }

        func open(_ connection: ConnectionID, host: String = "localhost") {
            gate.connectionOpened(
                connection,
                ConnectionInfo(
                    subprotocol: .json, remoteAddress: "127.0.0.1", host: host, origin: nil,
                    hasForwardedHeaders: false))
        }

        func closure(of connection: ConnectionID) -> ErrorName? { closed.withLockedValue { $0[connection] } }

        /// Runs the gate's checks and the core while the body runs.
        func run(_ body: () async throws -> Void) async throws {
            core.thread.start()
            let checks = Task { [gate] in await gate.run() }
            do {
                try await body()
            } catch {
                gate.finish()
                core.thread.stop()
                throw error
            }
            gate.finish()
            await checks.value
            core.thread.stop()
        }
    }

    private static let ping = WireClientFrame.with { $0.ping = WirePing() }
    private let connection = ConnectionID(1)

    @Test("A good hello reaches the core, and what came behind it follows in order")
    func admitted() async throws {
        let setup = try await Setup()
        try await setup.run {
            setup.open(connection)
            setup.gate.framesReceived(connection, [try await setup.hello(), Self.ping, Self.ping])
            setup.gate.framesReceived(connection, [Self.ping])
            try await eventually { setup.core.frames(to: connection).count >= 4 }
            let frames = setup.core.frames(to: connection)
            #expect(frames[0].welcome.user == "ann")
            #expect(frames[1...].count { if case .pong? = $0.frame { true } else { false } } == 3)
            #expect(setup.closure(of: connection) == nil)
        }
    }

    @Test("A frame before the hello closes; a frame of an unknown connection is dropped")
    func helloFirst() async throws {
        let setup = try await Setup()
        setup.open(connection)
        setup.gate.framesReceived(connection, [Self.ping])
        #expect(setup.closure(of: connection) == .helloExpected)
        setup.gate.framesReceived(ConnectionID(2), [Self.ping])
        #expect(setup.closure(of: ConnectionID(2)) == nil)
        #expect(setup.core.thread.waiting == 0)
    }

    @Test("Bad and expired tokens close by name, and the core hears nothing")
    func refused() async throws {
        let setup = try await Setup()
        try await setup.run {
            setup.open(connection)
            var forged = try await setup.hello()
            forged.hello.token += "x"
            setup.gate.framesReceived(connection, [forged])
            setup.open(ConnectionID(2))
            setup.gate.framesReceived(ConnectionID(2), [try await setup.hello(expires: -5)])
            try await eventually { setup.closure(of: ConnectionID(2)) != nil }
            #expect(setup.closure(of: connection) == .badToken)
            #expect(setup.closure(of: ConnectionID(2)) == .tokenExpired)
            #expect(await setup.core.thread.ask { $0.figures.sessions } == 0)
        }
    }

    @Test("Demo tokens count in demo mode, from this machine")
    func demo() async throws {
        for (mode, host, name) in [
            (.asked, "localhost", nil), (.asked, "example.com", .demoRefused), (.off, "localhost", .demoRefused),
        ] as [(NodeSettings.Demo, String, ErrorName?)] {
            let setup = try await Setup(demo: mode)
            try await setup.run {
                setup.open(connection, host: host)
                setup.gate.framesReceived(connection, [try await setup.hello(isDemo: true)])
                try await eventually {
                    setup.closure(of: connection) != nil || setup.core.welcomed == [connection]
                }
                #expect(setup.closure(of: connection) == name)
            }
        }
    }

    @Test("A refresh is checked before the core hears of it")
    func refresh() async throws {
        let setup = try await Setup()
        try await setup.run {
            setup.open(connection)
            let token = try await setup.token(user: "somebody else")
            // The core closes a refresh of another user, so it shows that the refresh came through.
            setup.gate.framesReceived(connection, [try await setup.hello()])
            try await eventually { setup.core.welcomed == [connection] }
            setup.gate.framesReceived(connection, [.with { $0.refresh.token = "nonsense" }])
            try await eventually { setup.closure(of: connection) == .badToken }
            #expect(await setup.core.thread.ask { $0.figures.sessions } == 1)
            setup.gate.framesReceived(connection, [.with { $0.refresh.token = token }])
            try await eventually { await setup.core.thread.ask { $0.figures.sessions } == 0 }
        }
    }

    @Test("A refresh right behind the hello counts too")
    func refreshBehindHello() async throws {
        let setup = try await Setup()
        try await setup.run {
            setup.open(connection)
            let token = try await setup.token(user: "somebody else")
            setup.gate.framesReceived(
                connection, [try await setup.hello(), .with { $0.refresh.token = token }])
            try await eventually { setup.core.welcomed == [connection] }
            try await eventually { await setup.core.thread.ask { $0.figures.sessions } == 0 }
        }
    }

    @Test("Frames behind a hello that is being checked are bounded")
    func pendingBound() async throws {
        let setup = try await Setup()
        setup.open(connection)
        setup.gate.framesReceived(connection, [try await setup.hello()])
        setup.gate.framesReceived(connection, Array(repeating: Self.ping, count: 512))
        #expect(setup.closure(of: connection) == nil)
        setup.gate.framesReceived(connection, [Self.ping])
        #expect(setup.closure(of: connection) == .overloaded)
    }

    @Test("A connection that closes while its token is checked never reaches the core")
    func closedMeanwhile() async throws {
        let setup = try await Setup()
        setup.open(connection)
        setup.gate.framesReceived(connection, [try await setup.hello()])
        setup.gate.connectionClosed(connection, .lost)
        try await setup.run {
            setup.open(ConnectionID(2))
            setup.gate.framesReceived(ConnectionID(2), [try await setup.hello(user: "bob")])
            try await eventually { !setup.core.welcomed.isEmpty }
            #expect(setup.core.welcomed == [ConnectionID(2)])
        }
    }

    @Test("A client whose frames the core has no room for is not read until there is room again")
    func backPressure() async throws {
        let setup = try await Setup()
        setup.open(connection)
        let hello = try await setup.hello()
        setup.gate.framesReceived(connection, [hello])
        setup.gate.finish()
        await setup.gate.run()
        // The core has not started, so its mailbox fills.
        let burst = Array(repeating: Self.ping, count: 1000)
        for _ in 0..<50 { setup.gate.framesReceived(connection, burst) }
        #expect(setup.reading.withLockedValue { $0[connection] } == false)
        setup.gate.coreHasRoom()
        #expect(setup.reading.withLockedValue { $0[connection] } == false)
        setup.core.thread.start()
        try await eventually { setup.core.thread.waiting == 0 }
        setup.gate.coreHasRoom()
        #expect(setup.reading.withLockedValue { $0[connection] } == true)
        setup.core.thread.stop()
    }
}
