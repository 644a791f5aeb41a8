import NIOConcurrencyHelpers
import SwitchboardCore
import SwitchboardProtocol

@testable import SwitchboardPush

/// Answers pushes as it is told, when it is told.
final class StubProvider: PushProvider {
    typealias Responder = @Sendable (PushMessage, _ count: Int) async -> ProviderAnswer

    let kind: PushProviderKind
    private let respond: Responder
    private let seen = NIOLockedValueBox<[PushMessage]>([])

    init(_ kind: PushProviderKind = .fcm, _ respond: @escaping Responder = { _, _ in .taken }) {
        self.kind = kind
        self.respond = respond
    }

    var messages: [PushMessage] { seen.withLockedValue { $0 } }

    func send(_ message: PushMessage, within timeout: Duration) async -> ProviderAnswer {
        let count = seen.withLockedValue { seen in
            seen.append(message)
            return seen.count
        }
        return await respond(message, count)
    }
}
