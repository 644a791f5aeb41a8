/// Pairs a batch with its outcome. Chosen by whoever submits it.
public struct BatchID: Hashable, Sendable {
    /// The number.
    public let rawValue: UInt64

    /// Wraps a number.
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }
}
