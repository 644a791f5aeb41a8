import NIOConcurrencyHelpers
import SwiftProtobuf
import SwitchboardCore
import SwitchboardProtocol

@testable import SwitchboardNode

/// A core's thread without drivers: what it wants done is kept.
final class RunningCore: Sendable {
    let thread: CoreThread
    private let actions: NIOLockedValueBox<[NodeAction]>

    init() {
        let actions = NIOLockedValueBox<[NodeAction]>([])
        self.actions = actions
        let configuration = NodeConfiguration(incarnation: Incarnation(trusted: "test.1"), name: "test")
        thread = CoreThread(NodeCore(configuration)) { new in
            actions.withLockedValue { $0 += new }
        }
    }

    var performed: [NodeAction] { actions.withLockedValue { $0 } }

    /// The connections that were greeted, in order.
    var welcomed: [ConnectionID] {
        performed.compactMap { action in
            guard case .sendToClient(let connection, let frames) = action,
                frames.contains(where: { if case .welcome? = $0.frame { true } else { false } })
            else { return nil }
            return connection
        }
    }

    /// What was sent to a connection, by kind.
    func frames(to connection: ConnectionID) -> [WireServerFrame] {
        performed.flatMap { action -> [WireServerFrame] in
            guard case .sendToClient(connection, let frames) = action else { return [] }
            return frames
        }
    }
}

extension NodeEvent {
    static func hello(_ connection: ConnectionID, user: String) -> NodeEvent {
        .helloReceived(
            connection, VerifiedToken(user: UserID(trusted: user), expiresAtMilliseconds: nil),
            .with { ($0.device, $0.outbox, $0.connection) = ("d", "o", 1) })
    }
}

struct NotInTime: Error {}

/// - Throws: `NotInTime` if the condition does not hold within ten seconds.
func eventually(_ condition: () async -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(10)
    while !(await condition()) {
        guard ContinuousClock.now < deadline else { throw NotInTime() }
        try await Task.sleep(for: .milliseconds(2))
    }
}
