/// A name given by somebody outside, checked at the edge: 1–128 bytes of UTF-8 without control characters.
///
/// The check matters beyond taste: PostgreSQL refuses a NUL in text, and one such value would fail a whole batch of
/// unrelated conversations.
public struct Identifier<Kind>: Hashable, Comparable, Sendable {
    public let text: String

    /// The longest identifier, in bytes of UTF-8.
    public static var maximumLength: Int { 128 }

    /// nil if the text is empty, too long, or holds a control character (C0, DEL, C1, line separators).
    public init?(_ text: String) {
        guard !text.isEmpty, text.utf8.count <= Self.maximumLength else { return nil }
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0..<0x20, 0x7f..<0xa0, 0x2028, 0x2029: return nil
            default: continue
            }
        }
        self.text = text
    }

    /// For text that was checked before it was stored (a log entry, a peer that checks likewise).
    public init(trusted text: String) {
        self.text = text
    }

    public static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}

extension Identifier: CustomStringConvertible {
    public var description: String { text }
}

public enum UserKind: Sendable {}
public enum DeviceKind: Sendable {}
public enum OutboxKind: Sendable {}
public enum IncarnationKind: Sendable {}

/// An account; the `sub` of the token.
public typealias UserID = Identifier<UserKind>
/// One installed client, or browser tab, of a user; stable over reconnects.
public typealias DeviceID = Identifier<DeviceKind>
/// Names one life of a client's outbox; drawn at random when a client starts without a stored one.
public typealias OutboxID = Identifier<OutboxKind>
/// One start of a node's process: the node's name, a dot, and a random part.
public typealias Incarnation = Identifier<IncarnationKind>
