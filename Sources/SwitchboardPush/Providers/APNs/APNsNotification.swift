import Foundation
import SwitchboardCore
import SwitchboardProtocol

/// One notification for Apple's service: to which token, with which headers, saying what.
///
/// | | endpoint with `voip` | without |
/// |---|---|---|
/// | invite | `voip` push | `alert` with sound |
/// | cancel | `background` push to the ordinary token | `alert` without sound, in place of the first |
struct APNsNotification {
    var token: String
    var headers: [(name: String, value: String)]
    var body: String

    init(_ message: PushMessage, _ endpoint: APNsEndpoint, now: Date) {
        let expires = Int((now.timeIntervalSince1970 + message.expiresIn.milliseconds / 1000).rounded(.up))
        let type: String
        let priority: Int
        let notice: Notice?
        switch (message.kind, endpoint.voip) {
        case (.invite, true):
            (type, priority, notice) = ("voip", 10, nil)
        case (.cancel, true):
            // Background pushes must have priority 5.
            (type, priority, notice) = ("background", 5, Notice(contentAvailable: 1))
        case (.invite(let caller, let media), false):
            (type, priority, notice) = ("alert", 10, .incoming(caller: caller, hasVideo: media.video))
        case (.cancel(let reason), false):
            (type, priority, notice) = ("alert", 10, .over(reason))
        }
        token = message.isInvite ? message.endpoint.target : endpoint.ordinaryToken ?? message.endpoint.target
        headers = [
            ("apns-push-type", type), ("apns-topic", type == "voip" ? endpoint.topic + ".voip" : endpoint.topic),
            ("apns-priority", "\(priority)"), ("apns-expiration", "\(expires)"),
            ("apns-collapse-id", message.collapseKey), ("content-type", "application/json"),
        ]
        body = JSONText.of(Content(aps: notice ?? Notice(), switchboard: PushPayload(message, now: now)))
    }

    private struct Content: Encodable {
        var aps: Notice
        var switchboard: PushPayload
    }

    /// Apple's own part of a payload.
    struct Notice: Encodable {
        struct Alert: Encodable {
            var title: String
            var body: String?
        }

        var alert: Alert?
        var sound: String?
        var contentAvailable: Int?
        /// Lets the app's notification service extension write its own text.
        var mutableContent: Int?
        var interruptionLevel: String?

        enum CodingKeys: String, CodingKey {
            case alert, sound
            case contentAvailable = "content-available"
            case mutableContent = "mutable-content"
            case interruptionLevel = "interruption-level"
        }

        static func incoming(caller: UserID, hasVideo: Bool) -> Notice {
            Notice(
                alert: Alert(title: hasVideo ? "Incoming video call" : "Incoming call", body: caller.text),
                sound: "default", mutableContent: 1, interruptionLevel: "time-sensitive")
        }

        static func over(_ reason: EndReason) -> Notice {
            let title =
                switch reason {
                case .answeredElsewhere: "Answered on another device"
                case .declinedElsewhere, .declined: "Declined"
                case .glare, .replaced: "Call ended"
                default: "Missed call"
                }
            return Notice(alert: Alert(title: title), mutableContent: 1, interruptionLevel: "passive")
        }
    }
}
