import DequeModule
import NIOCore
import SwitchboardClient
import SwitchboardProtocol

/// One side of a probe's call: what it has sent, and what must be delivered to it, in which order.
struct CallParty {
    /// What one delivery must be.
    enum Expectation {
        case exactly(WireMessage)
        case invite(caller: String, callee: String)
        case ringing
        case selected
        case ended(reason: String)
    }

    let device: ProbeDevice
    /// All deliveries of the call, in order.
    let expected: [Expectation]
    /// How many of them have come.
    private(set) var received = 0
    /// Sends that are not accepted yet.
    private(set) var unaccepted: Deque<(number: UInt32, sentAt: NIODeadline)> = []
    /// When the messages were sent that go straight to the other side, by their place among the other's deliveries.
    private(set) var directSends: [Int: NIODeadline] = [:]
    private var epoch: UInt32 = 0

    init(device: ProbeDevice, expected: [Expectation]) {
        self.device = device
        self.expected = expected
    }

    var isComplete: Bool { received == expected.count && unaccepted.isEmpty }

    /// - Parameter place: where the message comes among the other side's deliveries, if it is not held on its way.
    mutating func send(_ message: WireMessage, in call: ConversationID, place: Int? = nil) throws(SendRefusal) {
        let now = NIODeadline.now()
        let number = try device.driver.send(message, in: call)
        unaccepted.append((number, now))
        if let place { directSends[place] = now }
    }

    mutating func accepted(through number: UInt32, _ measurements: inout Measurements) {
        let now = NIODeadline.now()
        while let first = unaccepted.first, first.number <= number {
            unaccepted.removeFirst()
            measurements.record(.sendToAccepted, now - first.sentAt)
        }
    }

    /// Checks a delivery: that it is the one whose turn it is, and that leadership never went back.
    ///
    /// - Returns: its place; or what is wrong with it.
    mutating func delivered(_ delivery: WireDeliver) -> Result<Int, Mismatch> {
        guard delivery.epoch >= epoch else {
            return .failure(Mismatch("epoch \(delivery.epoch) came after epoch \(epoch)"))
        }
        epoch = delivery.epoch
        guard received < expected.count else {
            return .failure(Mismatch("\(delivery.message.kind) came after everything else"))
        }
        guard expected[received].matches(delivery.message) else {
            return .failure(Mismatch("\(delivery.message.kind) came instead of \(expected[received].kind)"))
        }
        defer { received += 1 }
        return .success(received)
    }

    /// What is waited for, for a time that ran out; nil: nothing.
    var waitsFor: String? {
        var awaited: [String] = []
        if received < expected.count { awaited.append(expected[received].kind) }
        if let first = unaccepted.first { awaited.append("the acceptance of its message \(first.number)") }
        return awaited.isEmpty ? nil : awaited.joined(separator: " and ")
    }

    struct Mismatch: Error {
        let text: String

        init(_ text: String) {
            self.text = text
        }
    }
}

extension CallParty.Expectation {
    fileprivate func matches(_ message: WireMessage) -> Bool {
        switch (self, message.content) {
        case (.exactly(let expected), _): expected == message
        case (.invite(let caller, let callee), .invite(let invite)): invite.caller == caller && invite.callee == callee
        case (.ringing, .ringing), (.selected, .selected): true
        case (.ended(let reason), .ended(let ended)): ended.reason == reason
        default: false
        }
    }

    var kind: String {
        switch self {
        case .exactly(let message): message.kind
        case .invite: "invite"
        case .ringing: "ringing"
        case .selected: "selected"
        case .ended(let reason): "ended (\(reason))"
        }
    }
}

extension WireMessage {
    /// What it is, without its content, which is nobody's business.
    var kind: String {
        switch content {
        case .invite: "invite"
        case .description_p(let description): description.type
        case .candidates: "candidates"
        case .ringing: "ringing"
        case .accept: "accept"
        case .connected: "connected"
        case .hangup: "hangup"
        case .info: "info"
        case .selected: "selected"
        case .ended(let ended): "ended (\(ended.reason))"
        case nil: "a message of an unknown kind"
        default: "an unexpected message"
        }
    }
}
