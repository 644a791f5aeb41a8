/// Names one request; chosen by the caller and handed back with the answer.
///
/// The client never compares ids, so two requests may bear the same one, but then their answers cannot be told apart.
public struct ZooKeeperRequestID: RawRepresentable, Hashable, Sendable {
    /// The number itself; means nothing to the client.
    public var rawValue: UInt64

    /// Wraps a number that the caller has chosen.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }
}
