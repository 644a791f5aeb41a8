/// One row of a result.
public struct PostgresRow: Sendable {
    let storage: PostgresRows.Storage
    let index: Int

    /// The value of a column by position.
    ///
    /// - Throws: ``PostgresDecodingError`` if the value is NULL, there is no such column, or its type is another.
    public func decode<Value: PostgresDecodable>(
        _ column: Int, as type: Value.Type = Value.self
    ) throws(PostgresDecodingError) -> Value {
        guard let value = try decodeIfPresent(column, as: type) else { throw .unexpectedNull(column: name(of: column)) }
        return value
    }

    /// The value of a column by position; nil for NULL.
    ///
    /// - Throws: ``PostgresDecodingError`` if there is no such column, or its type is another.
    public func decodeIfPresent<Value: PostgresDecodable>(
        _ column: Int, as type: Value.Type = Value.self
    ) throws(PostgresDecodingError) -> Value? {
        guard storage.columns.indices.contains(column) else { throw .noSuchColumn("#\(column)") }
        guard let bytes = bytes(at: column) else { return nil }
        let described = storage.columns[column]
        let value: Value? =
            switch described.format {
            case .binary: Value(postgresBinary: bytes, type: described.type)
            case .text: String(validating: bytes, as: UTF8.self).flatMap { Value(postgresText: $0) }
            }
        guard let value else {
            throw .mismatch(column: described.name, type: described.type, wanted: String(describing: type))
        }
        return value
    }

    /// The value of a column by name.
    ///
    /// - Throws: ``PostgresDecodingError`` as for ``decode(_:as:)-(Int,_)``.
    public func decode<Value: PostgresDecodable>(
        _ column: String, as type: Value.Type = Value.self
    ) throws(PostgresDecodingError) -> Value {
        try decode(try position(of: column), as: type)
    }

    /// The value of a column by name; nil for NULL.
    ///
    /// - Throws: ``PostgresDecodingError`` as for ``decodeIfPresent(_:as:)-(Int,_)``.
    public func decodeIfPresent<Value: PostgresDecodable>(
        _ column: String, as type: Value.Type = Value.self
    ) throws(PostgresDecodingError) -> Value? {
        try decodeIfPresent(try position(of: column), as: type)
    }

    /// The bytes of a column as they came, in the column's format; nil for NULL or if there is no such column.
    public func bytes(at column: Int) -> ArraySlice<UInt8>? {
        guard storage.columns.indices.contains(column) else { return nil }
        let field = storage.fields[index * storage.columns.count + column]
        return field.length < 0 ? nil : storage.bytes[field.offset..<field.offset + field.length]
    }

    private func position(of column: String) throws(PostgresDecodingError) -> Int {
        guard let position = storage.columns.firstIndex(where: { $0.name == column }) else {
            throw .noSuchColumn(column)
        }
        return position
    }

    private func name(of column: Int) -> String { storage.columns[column].name }
}
