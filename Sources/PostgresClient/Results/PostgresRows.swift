/// The rows of a result, in one block of memory.
public struct PostgresRows: Sendable {
    /// A field's place in the block; −1 as length is NULL.
    struct Field {
        var offset: Int
        var length: Int
    }

    /// Immutable and shared by all rows, so that passing a row on costs one reference.
    final class Storage: Sendable {
        let columns: [PostgresColumn]
        let bytes: [UInt8]
        let fields: [Field]

        init(columns: [PostgresColumn], bytes: [UInt8], fields: [Field]) {
            self.columns = columns
            self.bytes = bytes
            self.fields = fields
        }
    }

    let storage: Storage
    /// How many rows.
    public let count: Int

    /// A result without columns and rows.
    public static let none = PostgresRows(columns: [], rowCount: 0, bytes: [], fields: [])

    init(columns: [PostgresColumn], rowCount: Int, bytes: [UInt8], fields: [Field]) {
        precondition(fields.count == rowCount * columns.count, "a result is a rectangle")
        storage = Storage(columns: columns, bytes: bytes, fields: fields)
        count = rowCount
    }

    /// Makes a result of values, as a server would answer; for tests of code that reads results.
    public init(columns: [PostgresColumn], rows: [[[UInt8]?]]) {
        var bytes: [UInt8] = []
        var fields: [Field] = []
        for value in rows.joined() {
            fields.append(Field(offset: bytes.count, length: value?.count ?? -1))
            if let value { bytes += value }
        }
        self.init(columns: columns, rowCount: rows.count, bytes: bytes, fields: fields)
    }

    /// The columns, in order.
    public var columns: [PostgresColumn] { storage.columns }
}

extension PostgresRows: RandomAccessCollection {
    public var startIndex: Int { 0 }
    public var endIndex: Int { count }

    public subscript(index: Int) -> PostgresRow {
        precondition(indices.contains(index), "row index out of range")
        return PostgresRow(storage: storage, index: index)
    }
}

extension PostgresRows: Equatable {
    public static func == (left: Self, right: Self) -> Bool {
        left.count == right.count && left.columns == right.columns
            && zip(left, right).allSatisfy { left, right in
                left.storage.columns.indices.allSatisfy { left.bytes(at: $0) == right.bytes(at: $0) }
            }
    }
}
