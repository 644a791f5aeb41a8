import SwiftProtobuf
import SwitchboardProtocol

/// The bytes of an outbox in a file: a head with the outbox id, the device's id, then one record for each change.
///
/// Record: kind (1 byte), length of the content (4 bytes, big-endian), content. A file that ends within a record lost
/// power while it was written; that record's change was never reported as durable, so it is as if it had not been.
enum OutboxJournal {
    private enum Kind: UInt8 {
        case head = 1
        case connectionCounted
        case appended
        case accepted
        case forgotten
        case device
    }

    static func head(_ id: OutboxID) -> [UInt8] {
        record(.head, Array(id.text.utf8))
    }

    /// The change as one record. Content that has no encoding cannot be: nothing here is a number that is not finite.
    static func encode(_ change: OutboxChange) throws -> [UInt8] {
        switch change {
        case .connectionCounted(let count):
            return record(.connectionCounted, bytes(count))
        case .appended(let id, let number, let message):
            var send = WireSend()
            send.conversation = id.description
            send.number = number
            send.message = message
            return record(.appended, try send.serializedBytes())
        case .accepted(let id, let number):
            return record(.accepted, id.bytes + bytes(number))
        case .forgotten(let id):
            return record(.forgotten, id.bytes)
        }
    }

    /// The shortest journal that says the same.
    static func encode(_ outbox: OutboxRecord) throws -> [UInt8] {
        var journal = head(outbox.id)
        if let device = outbox.device { journal += record(.device, Array(device.text.utf8)) }
        journal += try encode(.connectionCounted(outbox.connections))
        for (id, conversation) in outbox.conversations.sorted(by: { $0.key < $1.key }) {
            journal += try encode(.accepted(id, through: conversation.acceptedThrough))
            for (index, message) in conversation.unaccepted.enumerated() {
                let number = conversation.acceptedThrough + UInt32(index) + 1
                journal += try encode(.appended(id, number: number, message))
            }
        }
        return journal
    }

    /// nil if the journal does not begin with a whole head: there is no outbox in it.
    static func decode(_ journal: [UInt8]) -> OutboxRecord? {
        var rest = journal[...]
        guard case (.head, let name)? = nextRecord(&rest), let id = OutboxID(String(decoding: name, as: UTF8.self))
        else { return nil }
        var outbox = OutboxRecord(id: id)
        while let (kind, content) = nextRecord(&rest) {
            if kind == .device {
                outbox.device = DeviceID(String(decoding: content, as: UTF8.self))
            } else if let change = change(kind, content) {
                outbox.apply(change)
            } else {
                break
            }
        }
        return outbox
    }

    private static func change(_ kind: Kind, _ content: ArraySlice<UInt8>) -> OutboxChange? {
        switch kind {
        case .head, .device:
            return nil
        case .connectionCounted:
            return number(content).map { .connectionCounted($0) }
        case .appended:
            guard let send = try? WireSend(serializedBytes: Array(content)),
                let id = ConversationID(send.conversation)
            else { return nil }
            return .appended(id, number: send.number, send.message)
        case .accepted:
            guard let id = ConversationID(bytes: content.prefix(16)), let number = number(content.dropFirst(16))
            else { return nil }
            return .accepted(id, through: number)
        case .forgotten:
            return ConversationID(bytes: content).map { .forgotten($0) }
        }
    }

    private static func record(_ kind: Kind, _ content: [UInt8]) -> [UInt8] {
        [kind.rawValue] + bytes(UInt32(content.count)) + content
    }

    private static func nextRecord(_ rest: inout ArraySlice<UInt8>) -> (Kind, ArraySlice<UInt8>)? {
        guard let kind = rest.first.flatMap(Kind.init), let length = number(rest.dropFirst().prefix(4)),
            rest.count >= 5 + Int(length)
        else { return nil }
        let content = rest.dropFirst(5).prefix(Int(length))
        rest = rest.dropFirst(5 + Int(length))
        return (kind, content)
    }

    private static func bytes(_ number: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * UInt32($0))) }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32? {
        bytes.count == 4 ? bytes.reduce(0) { $0 << 8 | UInt32($1) } : nil
    }
}
