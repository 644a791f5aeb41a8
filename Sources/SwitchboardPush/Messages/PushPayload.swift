public import Foundation
import SwitchboardCore
import SwitchboardProtocol

/// What the woken client reads, the same from every provider; JSON. Fields are only added.
public struct PushPayload: Codable, Equatable, Sendable {
    /// `invite` or `cancel`.
    public var type: String
    /// The call's id, with dashes.
    public var conversation: String
    /// Of an invite.
    public var caller: String?
    public var audio: Bool?
    public var video: Bool?
    /// Of a cancel: an end reason of the protocol.
    public var reason: String?
    /// When it is good for nothing any more, in milliseconds since 1970.
    public var expiresAtMs: Int64

    public init(_ message: PushMessage, now: Date) {
        conversation = "\(message.conversation)"
        expiresAtMs = Int64((now.timeIntervalSince1970 * 1000 + message.expiresIn.milliseconds).rounded())
        switch message.kind {
        case .invite(let caller, let media):
            type = "invite"
            self.caller = caller.text
            audio = media.audio
            video = media.video
        case .cancel(let reason):
            type = "cancel"
            self.reason = reason.rawValue
        }
    }

    /// One line; keys are sorted, so that the same payload is the same text.
    public var json: String { JSONText.of(self) }
}

/// JSON of values that can always be written.
enum JSONText {
    static func of(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Only numbers that are not finite and keys that are no text fail, and there are none of either.
        guard let data = try? encoder.encode(value) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }
}
