import SwiftProtobuf
import SwitchboardCore
import SwitchboardProtocol

/// Data that a store cannot keep, or cannot read back.
struct DataRefusal: Error {
    let reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}

extension LogAppend {
    /// The largest index that the stores keep, a bound that no conversation can reach.
    static var maximumIndex: UInt32 { UInt32(Int32.max) }

    /// The entry as it is stored.
    ///
    /// - Throws: ``DataRefusal`` for what no store can take: an index out of range, an entry that cannot be encoded.
    func encodedBody() throws -> [UInt8] {
        guard (1...Self.maximumIndex).contains(index) else {
            throw DataRefusal("index \(index) is not between 1 and \(Self.maximumIndex)")
        }
        guard row.epoch <= Self.maximumIndex else { throw DataRefusal("epoch \(row.epoch) is out of range") }
        do {
            return try entry.serializedBytes()
        } catch {
            throw DataRefusal("the entry cannot be encoded: \(error)")
        }
    }
}

extension LogEntry {
    /// Reads a stored entry.
    init(stored bytes: [UInt8], conversation: ConversationID, index: UInt32) throws {
        do {
            try self.init(serializedBytes: bytes)
        } catch {
            throw DataRefusal("entry \(index) of \(conversation) cannot be decoded: \(error)")
        }
    }
}
