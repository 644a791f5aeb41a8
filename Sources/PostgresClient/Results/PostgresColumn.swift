/// A column of a result.
public struct PostgresColumn: Sendable, Equatable {
    /// Its name or alias.
    public var name: String
    /// Its type.
    public var type: PostgresType
    /// How its values are written.
    public var format: PostgresFormat

    /// Makes one.
    public init(name: String, type: PostgresType, format: PostgresFormat = .binary) {
        self.name = name
        self.type = type
        self.format = format
    }
}
