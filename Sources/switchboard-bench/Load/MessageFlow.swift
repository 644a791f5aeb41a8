import DequeModule
import NIOCore
import SwitchboardClient
import SwitchboardProbe
import SwitchboardProtocol

/// One direction of an established call: what one side has sent, and how far it has come. Every message must be
/// accepted, and delivered once and in order.
struct MessageFlow {
    let sender: ProbeDevice
    private var nextIndex = 0
    private var nextDelivered = 0
    private var waitForAcceptance: Deque<(number: UInt32, sentAt: NIODeadline)> = []
    private var waitForDelivery: Deque<NIODeadline> = []

    init(sender: ProbeDevice) {
        self.sender = sender
    }

    /// Sends that are not accepted yet.
    var unaccepted: Int { waitForAcceptance.count }
    var isSettled: Bool { waitForAcceptance.isEmpty && waitForDelivery.isEmpty }

    mutating func send(in call: ConversationID) throws(SendRefusal) {
        let now = NIODeadline.now()
        let number = try sender.driver.send(Self.message(nextIndex), in: call)
        nextIndex += 1
        waitForAcceptance.append((number, now))
        waitForDelivery.append(now)
    }

    /// - Returns: how many were news.
    mutating func accepted(through number: UInt32, _ record: (TimeAmount) -> Void) -> Int {
        let now = NIODeadline.now()
        var count = 0
        while let first = waitForAcceptance.first, first.number <= number {
            waitForAcceptance.removeFirst()
            record(now - first.sentAt)
            count += 1
        }
        return count
    }

    /// - Returns: false if it is not the one whose turn it is.
    mutating func delivered(_ message: WireMessage, _ record: (TimeAmount) -> Void) -> Bool {
        guard case .info(let info) = message.content, Int(info.type) == nextDelivered,
            let sentAt = waitForDelivery.popFirst()
        else { return false }
        nextDelivered += 1
        record(.now() - sentAt)
        return true
    }

    /// An application's message of about 200 bytes, told from the others by its type.
    private static func message(_ index: Int) -> WireMessage {
        var info = WireInfo()
        info.type = String(index)
        info.body = padding
        var message = WireMessage()
        message.info = info
        return message
    }

    private static let padding = String(repeating: "x", count: 190)
}
