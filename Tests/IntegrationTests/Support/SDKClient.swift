import Foundation
import LocalCluster
import SwitchboardClient
import SwitchboardProtocol
import Synchronization

/// A client as applications use it: it reconnects, resumes and sends again by itself. Records what it is told.
final class SDKClient: Sendable {
    let client: SwitchboardClient
    let user: String
    private let record = Mutex<[SessionEvent]>([])
    private let reader = Mutex<Task<Void, Never>?>(nil)

    private init(client: SwitchboardClient, user: String) {
        self.client = client
        self.user = user
    }

    static func connect(_ node: RunningNode, _ user: String) async throws -> SDKClient {
        var options = SessionOptions(
            endpoint: try ServerEndpoint(url: "ws://127.0.0.1:\(node.port)"), device: DeviceID(trusted: "sdk"),
            token: .fixed(try await TestToken.make(user)))
        options.configuration.reconnect = Backoff(base: .milliseconds(20), ceiling: .milliseconds(200))
        let sdk = SDKClient(client: try SwitchboardClient(options), user: user)
        let task = Task { [weak sdk, events = sdk.client.events] in
            for await event in events { sdk?.record.withLock { $0.append(event) } }
        }
        sdk.reader.withLock { $0 = task }
        try await sdk.client.connect()
        try await sdk.waits("is in sync") { $0.contains { if case .synchronized = $0 { true } else { false } } }
        return sdk
    }

    var events: [SessionEvent] { record.withLock { $0 } }

    /// What was delivered, each as it came to the application.
    func deliveries(in call: ConversationID) -> [WireDeliver] {
        events.compactMap { event in
            guard case .delivered(call, let deliver) = event else { return nil }
            return deliver
        }
    }

    func kinds(in call: ConversationID) -> [String] { deliveries(in: call).map(\.message.kind) }

    var disconnections: [DisconnectReason] {
        events.compactMap { if case .disconnected(let reason, _) = $0 { reason } else { nil } }
    }

    func waits(_ what: String, _ condition: ([SessionEvent]) -> Bool) async throws {
        try await waitUntil(
            "\(user) \(what)", within: .seconds(30),
            detail: { events.suffix(20).map { "\($0)" }.joined(separator: "\n") },
            { condition(events) })
    }

    func waitsForKinds(_ kinds: [String], in call: ConversationID) async throws {
        try await waits("gets \(kinds)") { _ in self.kinds(in: call).count >= kinds.count }
    }
}
