import DequeModule
import SwitchboardProtocol

/// One message on its way to a device. Its number is its place in a queue.
struct QueuedDelivery: Sendable {
    var fromUser: String
    var fromDevice: String
    var timeMilliseconds: Double
    var message: WireMessage
}

/// The deliveries to one device: numbered densely from 1. What the device has acknowledged may be trimmed from memory,
/// for a device that comes back with a cursor below its own acknowledgement has lost its storage and gets a snapshot.
struct DeliveryQueue: Sendable {
    /// Number of the last delivery that is not in memory any more.
    private(set) var trimmed: UInt32 = 0
    private var items: Deque<QueuedDelivery> = []
    /// Of what is in memory, roughly.
    private(set) var pendingBytes = 0

    init() {}

    /// A queue whose deliveries up to `trimmed` are acknowledged (from a checkpoint).
    init(trimmed: UInt32, items: [QueuedDelivery]) {
        self.trimmed = trimmed
        self.items = Deque(items)
        pendingBytes = items.reduce(0) { $0 + $1.message.roughBytes }
    }

    var last: UInt32 { trimmed + UInt32(items.count) }
    var pending: [QueuedDelivery] { Array(items) }
    var pendingCount: Int { items.count }

    /// Whether the device is told by its queue that the call is over for it.
    var endsWithEnded: Bool {
        switch items.last?.message.content {
        case .ended: true
        case .elsewhere(let elsewhere): !elsewhere.active
        default: items.isEmpty && trimmed > 0
        }
    }

    mutating func append(_ delivery: QueuedDelivery) {
        items.append(delivery)
        pendingBytes += delivery.message.roughBytes
    }

    /// The delivery with that number; nil if it is trimmed or not there yet.
    subscript(number: UInt32) -> QueuedDelivery? {
        guard number > trimmed, number <= last else { return nil }
        return items[Int(number - trimmed) - 1]
    }

    /// Forgets what was acknowledged, keeping `margin` deliveries for fronts that resend from a little before.
    mutating func trim(acknowledged: UInt32, keeping margin: UInt32) {
        let upTo = min(acknowledged, last)
        guard upTo > trimmed + margin else { return }
        let count = upTo - margin - trimmed
        pendingBytes -= items.prefix(Int(count)).reduce(0) { $0 + $1.message.roughBytes }
        items.removeFirst(Int(count))
        trimmed += count
    }
}
