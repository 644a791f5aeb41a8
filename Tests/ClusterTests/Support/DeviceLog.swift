import SwitchboardClient
import SwitchboardProtocol
import SwitchboardTestKit

/// Everything that one device did and was told, in order, with the time.
struct DeviceLog: Sendable {
    /// One thing that happened.
    struct Entry: Sendable {
        enum Content: Sendable {
            /// The application gave this to the session, under this number.
            case queued(ConversationID, number: UInt32, WireMessage)
            case told(SessionEvent)
        }

        var at: ContinuousClock.Instant
        var content: Content
    }

    private(set) var entries: [Entry] = []
    private(set) var deliveries: [ConversationID: [WireDeliver]] = [:]
    private(set) var accepted: [ConversationID: UInt32] = [:]
    private(set) var queued: [ConversationID: UInt32] = [:]
    /// Names of the nodes that have greeted it, in order.
    private(set) var nodes: [String] = []
    private(set) var isSynchronized = false
    private(set) var disconnects: [DisconnectReason] = []
    private(set) var end: SessionEnd?

    mutating func note(queued message: WireMessage, number: UInt32, in call: ConversationID) {
        queued[call] = number
        entries.append(Entry(at: .now, content: .queued(call, number: number, message)))
    }

    mutating func note(_ event: SessionEvent) {
        entries.append(Entry(at: .now, content: .told(event)))
        switch event {
        case .welcomed(let welcome):
            nodes.append(welcome.node)
            isSynchronized = false
        case .synchronized: isSynchronized = true
        case .delivered(let call, let delivery): deliveries[call, default: []].append(delivery)
        case .accepted(let call, let number): accepted[call] = number
        case .disconnected(let reason, _):
            disconnects.append(reason)
            isSynchronized = false
        case .ended(let reason): end = reason
        default: break
        }
    }

    /// What was delivered in a call, in words that tell one message from another.
    func labels(_ call: ConversationID) -> [String] { (deliveries[call] ?? []).map(\.message.label) }

    func has(_ label: String, in call: ConversationID) -> Bool {
        (deliveries[call] ?? []).contains { $0.message.label == label }
    }

    func hasAllAccepted(_ call: ConversationID) -> Bool { accepted[call] == queued[call] }

    /// Names of the errors after which the session sends again.
    var temporaryErrors: [String] {
        entries.compactMap { entry in
            if case .told(.postponed(_, let error, _)) = entry.content { error.name } else { nil }
        }
    }

    /// When the first delivery came from a leader with a higher epoch.
    func firstDelivery(_ call: ConversationID, beyond epoch: UInt32) -> ContinuousClock.Instant? {
        entries.first { entry in
            guard case .told(.delivered(call, let delivery)) = entry.content else { return false }
            return delivery.epoch > epoch
        }?.at
    }

    /// The epoch of the newest leader that has delivered something.
    func epoch(_ call: ConversationID) -> UInt32 { deliveries[call]?.last?.epoch ?? 0 }
}

extension WireMessage {
    /// A word for the kind, and the mark that tells it from others of its kind.
    var label: String {
        switch content {
        case .invite: "invite"
        case .description_p(let description): "\(description.type) \(mark ?? "")"
        case .candidates: "candidates \(mark ?? "")"
        case .ringing: "ringing"
        case .accept: "accept"
        case .selected(let selected): "selected \(selected.device)"
        case .connected: "connected"
        case .info(let info): info.body
        case .ended(let ended): "ended \(ended.reason)"
        case .elsewhere(let elsewhere): elsewhere.active ? "elsewhere \(elsewhere.device)" : "over elsewhere"
        default: "something else"
        }
    }
}
