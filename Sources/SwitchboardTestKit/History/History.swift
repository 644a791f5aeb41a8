public import SwitchboardClient
public import SwitchboardProtocol

/// Everything that clients of a simulation did and saw, in the order in which it happened.
public final class History {
    public struct Record: Sendable {
        public var at: Duration
        public var device: DeviceAddress
        /// The device's connection, counted up.
        public var connection: UInt32
        public var event: Event
    }

    public enum Event: Sendable {
        /// The application gave a message to the session, which numbered it.
        case queued(ConversationID, OutboxID, number: UInt32, WireMessage)
        /// A frame came out of a socket, duplicates included.
        case received(WireServerFrame)
        /// The session told the application something: without duplicates, in order.
        case told(SessionEvent)
        /// The application was started anew and has forgotten everything but its storage.
        case restarted(OutboxID)
    }

    public private(set) var records: [Record] = []
    /// How often applications were told something of a call.
    public private(set) var told = 0

    public init() {}

    public func note(_ event: Event, device: DeviceAddress, connection: UInt32, at now: Duration) {
        records.append(Record(at: now, device: device, connection: connection, event: event))
        guard case .told(let told) = event else { return }
        switch told {
        case .connecting, .disconnected, .failed, .postponed: break
        default: self.told += 1
        }
    }

    /// How many deliveries applications got.
    public var deliveries: Int {
        var count = 0
        for record in records {
            if case .told(.delivered(_, _)) = record.event { count += 1 }
        }
        return count
    }

    public var devices: [DeviceAddress] { Set(records.map(\.device)).sorted() }
}
