import ClientTestSupport
import SwiftProtobuf
import SwitchboardProtocol

/// The server's side for one device, as small as it can be while it keeps the protocol's rules for queues.
struct ModelServer {
    private(set) var outbox = ""
    /// What was committed, in order.
    private(set) var committed: [ConversationID: [WireMessage]] = [:]
    /// All deliveries ever made, in order.
    private(set) var deliveries: [ConversationID: [WireMessage]] = [:]
    /// The last delivery put on the current connection.
    private var put: [ConversationID: Int] = [:]
    private var isAttached = false
    private(set) var faults: [String] = []

    /// How the next sends are treated.
    var refusesTemporarily = false

    mutating func connectionLost() {
        isAttached = false
        put = [:]
    }

    mutating func deliver(_ message: WireMessage, in id: ConversationID) -> [WireServerFrame] {
        deliveries[id, default: []].append(message)
        return isAttached && put[id] != nil ? flush(id) : []
    }

    /// What a new leader does: it begins again from an older place.
    mutating func repeatDeliveries(in id: ConversationID, from number: Int) -> [WireServerFrame] {
        guard isAttached, let last = put[id] else { return [] }
        put[id] = min(last, number)
        return flush(id)
    }

    mutating func received(_ frame: WireClientFrame) -> [WireServerFrame] {
        switch frame.frame {
        case .hello(let hello): helloReceived(hello)
        case .send(let send): sendReceived(send)
        case .ack(let ack): ackReceived(ack)
        case .ping: [.sign]
        case .refresh, .iceServers, nil: []
        }
    }

    private mutating func helloReceived(_ hello: WireHello) -> [WireServerFrame] {
        outbox = hello.outbox
        isAttached = true
        var frames: [WireServerFrame] = [.welcome(accepted: committed.mapValues { UInt32($0.count) })]
        var named: Set<ConversationID> = []
        for cursor in hello.conversations {
            guard let id = ConversationID(cursor.conversation) else { continue }
            named.insert(id)
            put[id] = Int(cursor.received)
            if Int(cursor.received) > deliveries[id, default: []].count { faults.append("a cursor from the future") }
            frames += flush(id)
        }
        for (id, queue) in deliveries where !named.contains(id) {
            put[id] = queue.count
            frames.append(.snapshot(id, next: UInt32(queue.count) + 1))
        }
        return frames + [.syncComplete()]
    }

    private mutating func sendReceived(_ send: WireSend) -> [WireServerFrame] {
        guard isAttached, let id = ConversationID(send.conversation) else {
            faults.append("a send without hello")
            return []
        }
        var log = committed[id, default: []]
        let number = Int(send.number)
        switch number {
        case ...log.count:
            if log[number - 1] != send.message { faults.append("number \(number) used for other content") }
        case log.count + 1:
            if refusesTemporarily { return [.failure(.overloaded, in: id, number: send.number, retryAfterMs: 20)] }
            log.append(send.message)
            committed[id] = log
            if put[id] == nil { put[id] = 0 }
        default:
            return [.failure(.gap, in: id, number: UInt32(log.count + 1))]
        }
        return [.accepted(id, UInt32(log.count))]
    }

    private mutating func ackReceived(_ ack: WireAck) -> [WireServerFrame] {
        guard let id = ConversationID(ack.conversation), Int(ack.received) <= deliveries[id, default: []].count else {
            faults.append("an acknowledgement of what was never delivered")
            return []
        }
        return []
    }

    private mutating func flush(_ id: ConversationID) -> [WireServerFrame] {
        let queue = deliveries[id, default: []]
        guard let first = put[id], first < queue.count else { return [] }
        put[id] = queue.count
        return (first..<queue.count).map { .deliver(id, UInt32($0) + 1, queue[$0]) }
    }
}
