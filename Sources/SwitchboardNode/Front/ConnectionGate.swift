import Logging
import NIOConcurrencyHelpers
import SwitchboardCore
import SwitchboardProtocol
import SwitchboardTransport

/// Between the sockets and the core: lets a connection in when its token is good, and holds back what it sends meanwhile, in
/// order. Also where back-pressure reaches the socket: a client whose frames the core has no room for is not read.
final class ConnectionGate: WebSocketFrontSink {
    private enum Stage {
        case awaitingHello(ConnectionInfo)
        /// The token is being checked; frames that came behind the hello wait.
        case verifying([WireClientFrame])
        case open(ConnectionInfo)
    }

    struct Check: Sendable {
        var connection: ConnectionID
        var info: ConnectionInfo
        var token: String
        /// nil: a refresh.
        var hello: WireHello?
    }

    /// Frames that may wait behind a hello.
    private static let maximumPending = 512
    /// Events that may wait for the core before clients are not read any more; at half of it they are again.
    private static let highWater = 50_000

    private let stages = NIOLockedValueBox<[ConnectionID: Stage]>([:])
    private let paused = NIOLockedValueBox<Set<ConnectionID>>([])
    private let checks: AsyncStream<Check>
    private let toCheck: AsyncStream<Check>.Continuation
    private let verifier: TokenVerifier
    private let demo: DemoGate
    private let core: CoreThread
    private let close: @Sendable (ConnectionID, CloseCode, ErrorName) -> Void
    private let setReading: @Sendable (ConnectionID, Bool) -> Void
    private let logger: Logger

    init(
        verifier: TokenVerifier, demo: DemoGate, core: CoreThread, logger: Logger,
        close: @escaping @Sendable (ConnectionID, CloseCode, ErrorName) -> Void,
        setReading: @escaping @Sendable (ConnectionID, Bool) -> Void
    ) {
        self.verifier = verifier
        self.demo = demo
        self.core = core
        self.logger = logger
        self.close = close
        self.setReading = setReading
        (checks, toCheck) = AsyncStream.makeStream(of: Check.self, bufferingPolicy: .unbounded)
    }

    // MARK: From the event loops

    func connectionOpened(_ connection: ConnectionID, _ info: ConnectionInfo) {
        stages.withLockedValue { $0[connection] = .awaitingHello(info) }
    }

    func framesReceived(_ connection: ConnectionID, _ frames: [WireClientFrame]) {
        var checks: [Check] = []
        var events: [NodeEvent] = []
        let refusal = stages.withLockedValue { stages -> (CloseCode, ErrorName)? in
            for frame in frames {
                switch stages[connection] {
                case nil: return nil
                case .awaitingHello(let info):
                    guard case .hello(let hello)? = frame.frame else { return (.badFrame, .helloExpected) }
                    stages[connection] = .verifying([])
                    checks.append(Check(connection: connection, info: info, token: hello.token, hello: hello))
                case .verifying(var pending):
                    guard pending.count < Self.maximumPending else { return (.policyViolation, .overloaded) }
                    pending.append(frame)
                    stages[connection] = .verifying(pending)
                case .open(let info):
                    if case .refresh(let refresh)? = frame.frame {
                        checks.append(Check(connection: connection, info: info, token: refresh.token, hello: nil))
                    } else {
                        events.append(.frameReceived(connection, frame))
                    }
                }
            }
            return nil
        }
        for check in checks { toCheck.yield(check) }
        if !events.isEmpty { post(events, from: connection) }
        if let (code, name) = refusal { close(connection, code, name) }
    }

    func connectionClosed(_ connection: ConnectionID, _ reason: ConnectionCloseReason) {
        let wasOpen = stages.withLockedValue { stages in
            guard case .open? = stages.removeValue(forKey: connection) else { return false }
            return true
        }
        paused.withLockedValue { _ = $0.remove(connection) }
        if wasOpen { core.post([.connectionClosed(connection)]) }
    }

    private func post(_ events: [NodeEvent], from connection: ConnectionID) {
        guard core.post(events) > Self.highWater else { return }
        let isNew = paused.withLockedValue { $0.insert(connection).inserted }
        if isNew { setReading(connection, false) }
    }

    /// Called after each turn of the core: reads paused clients again when there is room.
    func coreHasRoom() {
        guard core.waiting < Self.highWater / 2 else { return }
        let connections = paused.withLockedValue { paused in
            defer { paused = [] }
            return paused
        }
        for connection in connections { setReading(connection, true) }
    }

    // MARK: Tokens

    /// Checks tokens in the order in which they came, until `finish`.
    func run() async {
        for await check in checks {
            await self.check(check)
        }
    }

    func finish() { toCheck.finish() }

    private func check(_ check: Check) async {
        do throws(TokenVerifier.Failure) {
            let (token, isDemo) = try await verifier.verify(check.token)
            if isDemo {
                let verdict = demo.check(
                    host: check.info.host, origin: check.info.origin,
                    hasForwardedHeaders: check.info.hasForwardedHeaders)
                if case .refused(let reason) = verdict {
                    logger.warning("demo token refused", metadata: ["reason": "\(reason)"])
                    return close(check.connection, .demoRefused, .demoRefused)
                }
            }
            admit(check, token)
        } catch {
            switch error {
            case .bad: close(check.connection, .badToken, .badToken)
            case .expired: close(check.connection, .tokenExpired, .tokenExpired)
            }
        }
    }

    private func admit(_ check: Check, _ token: VerifiedToken) {
        guard let hello = check.hello else {
            core.post([.tokenRefreshed(check.connection, token)])
            return
        }
        stages.withLockedValue { stages in
            guard case .verifying(let pending)? = stages[check.connection] else { return }
            stages[check.connection] = .open(check.info)
            var events: [NodeEvent] = [.helloReceived(check.connection, token, hello)]
            for frame in pending {
                if case .refresh(let refresh)? = frame.frame {
                    toCheck.yield(
                        Check(connection: check.connection, info: check.info, token: refresh.token, hello: nil))
                } else {
                    events.append(.frameReceived(check.connection, frame))
                }
            }
            // Posted under the lock, so that no later frame overtakes.
            core.post(events)
        }
    }
}
