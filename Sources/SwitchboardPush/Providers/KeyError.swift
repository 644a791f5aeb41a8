/// A key or a file with one that cannot be used; says what is wrong and what to do.
public struct KeyError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}
