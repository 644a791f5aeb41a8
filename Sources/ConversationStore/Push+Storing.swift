import SwitchboardCore
import SwitchboardProtocol

/// Pushes as the stores write them.
extension PushProviderKind {
    /// All that this release can send to.
    static var storedNames: [String] { allCases.map(\.rawValue) }
}

extension PushSettlement.Outcome {
    var storedName: String {
        switch self {
        case .taken: "taken"
        case .postponed: "postponed"
        case .dead: "dead"
        case .endpointGone: "gone"
        }
    }

    var pause: Duration? {
        if case .postponed(let pause, _) = self { pause } else { nil }
    }

    /// A provider's own words are somebody else's input: no more than a line of it, and nothing that a store refuses.
    var storedReason: String? {
        switch self {
        case .taken: nil
        case .postponed(_, let reason), .dead(let reason), .endpointGone(let reason):
            String(reason.unicodeScalars.lazy.filter { $0.value >= 0x20 }.prefix(300).map(Character.init))
        }
    }
}

/// The kind of a push, in the columns of its row.
struct StoredPushKind {
    var name: String
    var caller: String?
    var audio: Bool?
    var video: Bool?
    var reason: String?

    /// nil: only a later release knows it.
    var kind: ClaimedPush.Kind? {
        switch name {
        case "invite":
            caller.map { caller in
                .invite(
                    caller: UserID(trusted: caller), media: PairMedia(audio: audio ?? false, video: video ?? false))
            }
        case "cancel": .cancel(EndReason(rawValue: reason ?? "") ?? .cancelled)
        default: nil
        }
    }
}
