/// Something that must never be printed: descriptions, dumps and reflections show a placeholder. Libraries print what they are
/// given (service-lifecycle describes its services in debug logs), so the type itself has to be discreet.
public struct Secret: Sendable, Equatable {
    /// The secret itself, for whoever has a use for it.
    public let bytes: [UInt8]

    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// For secrets that are text, such as a database's URL with a password in it.
    public init(text: String) {
        self.init(Array(text.utf8))
    }

    public var text: String { String(decoding: bytes, as: UTF8.self) }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "(secret)" }
    public var debugDescription: String { "(secret)" }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
