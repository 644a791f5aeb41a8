import SwitchboardProtocol

/// Whom a user may call, as his token says: names of users, and patterns that end in `*` and stand for every name that begins
/// like them; `*` alone for everybody.
public struct CallPermission: Hashable, Sendable {
    /// Names and patterns of one token at most.
    public static let maximumEntries = 256

    /// As bytes, not as `String`s, which are equal if they only look alike: that would be another account.
    private let names: Set<[UInt8]>
    private let prefixes: [[UInt8]]

    /// - Parameter entries: Names as they are, and patterns. None: the user may call nobody.
    /// - Returns: nil if there are too many, or one is empty or too long to be a user's name: a token that nobody meant so.
    public init?(_ entries: [String]) {
        guard entries.count <= Self.maximumEntries else { return nil }
        var names: Set<[UInt8]> = []
        var prefixes: [[UInt8]] = []
        for entry in entries {
            let bytes = Array(entry.utf8)
            guard !bytes.isEmpty, bytes.count <= Self.maximumEntryLength else { return nil }
            if bytes.last == UInt8(ascii: "*") {
                prefixes.append(bytes.dropLast())
            } else {
                names.insert(bytes)
            }
        }
        self.names = names
        self.prefixes = prefixes
    }

    /// Everybody.
    public static let everyone = CallPermission(names: [], prefixes: [[]])
    /// Nobody.
    public static let nobody = CallPermission(names: [], prefixes: [])

    public func allows(_ callee: String) -> Bool {
        let bytes = Array(callee.utf8)
        return names.contains(bytes) || prefixes.contains { bytes.starts(with: $0) }
    }

    private init(names: Set<[UInt8]>, prefixes: [[UInt8]]) {
        self.names = names
        self.prefixes = prefixes
    }

    /// A user's longest name, and the star.
    private static let maximumEntryLength = UserID.maximumLength + 1
}
