public import SwitchboardProtocol

/// What the words of a trace are called in the cluster that plays it: users and calls are new each time.
public struct TraceNames: Sendable {
    /// Put behind users' names.
    private let suffix: String
    /// In the order in which they were named.
    public private(set) var calls: [(id: ConversationID, word: String)] = []

    public init(userSuffix suffix: String = "") {
        self.suffix = suffix
    }

    public func user(_ word: String) -> String { word + suffix }

    /// The word for a user.
    func word(forUser user: String) -> String {
        user.hasSuffix(suffix) ? String(user.dropLast(suffix.count)) : user
    }

    public func device(_ device: DeviceAddress) -> DeviceAddress {
        DeviceAddress(user: UserID(trusted: user(device.user.text)), device: device.device)
    }

    /// The call of that name; at its first mention `make` makes its id.
    public mutating func call(_ word: String, orMake make: () -> ConversationID) -> ConversationID {
        if let known = calls.first(where: { $0.word == word }) { return known.id }
        let id = make()
        calls.append((id, word))
        return id
    }

    func word(forCall id: ConversationID) -> String {
        calls.first { $0.id == id }?.word ?? "a call that nobody made"
    }
}
