import SwitchboardClient
public import SwitchboardProtocol

/// Holds what clients saw against what the logs say, and both against what a signaling server promises.
///
/// - (a) one value per conversation, device, direction and number;
/// - (b) what was acknowledged and concerns a device reaches it once, in order, without a gap, and nothing else does;
/// - (c) epochs never fall at a client;
/// - (d) one outcome: one selected device, one reason for those two, consistent ones for the others;
/// - (e) what was acknowledged is in the log;
/// - (g) nobody is told `answered_elsewhere` of a call that nobody answered, and nobody rings for a call that is over;
/// - (pair) two users have one call at most, and nobody hears `glare` about his own;
/// - (address) nothing that names an address is told before pickup.
///
/// That queues drain (f) is for the scenario to wait for; `isDrained` says whether they have.
public struct HistoryChecker {
    /// A broken promise.
    public struct Violation: CustomStringConvertible, Sendable {
        public var rule: String
        public var device: DeviceAddress?
        public var conversation: ConversationID?
        public var what: String

        public var description: String {
            "(\(rule)) \(device.map(String.init(describing:)) ?? "-") \(conversation.map(String.init(describing:)) ?? "-"): \(what)"
        }
    }

    let history: History
    let oracles: [ConversationID: LogOracle]
    /// When calls ended, as far as that is known.
    let endTimes: [ConversationID: Duration]
    private(set) var violations: [Violation] = []
    /// What was sent, by device, outbox, conversation and number.
    private let sends: [SendKey: WireMessage]

    private struct SendKey: Hashable {
        var device: DeviceAddress
        var outbox: OutboxID
        var conversation: ConversationID
        var number: UInt32
    }

    init(history: History, oracles: [ConversationID: LogOracle], endTimes: [ConversationID: Duration]) {
        self.history = history
        self.oracles = oracles
        self.endTimes = endTimes
        var sends: [SendKey: WireMessage] = [:]
        for record in history.records {
            guard case .queued(let id, let outbox, let number, let message) = record.event else { continue }
            sends[SendKey(device: record.device, outbox: outbox, conversation: id, number: number)] = message
        }
        self.sends = sends
    }

    /// What a device has sent under the number that a log took.
    func sent(_ taken: LogOracle.Taken, in id: ConversationID) -> WireMessage? {
        sends[SendKey(device: taken.device, outbox: taken.outbox, conversation: id, number: taken.number)]
    }

    /// All broken promises of a run.
    public static func check(_ cluster: SimulatedCluster) -> [Violation] {
        check(cluster.history, logs: cluster.store.logs, endTimes: cluster.store.endTimes)
    }

    /// All broken promises in a history, by the whole logs of its conversations, wherever both come from.
    public static func check(
        _ history: History, logs: [ConversationID: [LogEntry]], endTimes: [ConversationID: Duration] = [:]
    ) -> [Violation] {
        var checker = HistoryChecker(history: history, oracles: logs.mapValues(LogOracle.init), endTimes: endTimes)
        checker.checkLogs()
        checker.checkFrames()
        checker.checkAcceptances()
        checker.checkDeliveries()
        checker.checkOutcomes()
        checker.checkRinging()
        checker.checkSessions()
        return checker.violations
    }

    /// How many deliveries a log has for a device.
    public static func queueLength(of device: DeviceAddress, log: [LogEntry]) -> Int {
        LogOracle(log).queue(of: device).count
    }

    /// (f) Everything has arrived: outboxes are empty, queues are received to their ends, nobody rings for an ended call.
    public static func isDrained(_ cluster: SimulatedCluster) -> Bool {
        undrained(cluster) == nil
    }

    /// What is still under way; nil: nothing.
    public static func undrained(_ cluster: SimulatedCluster) -> String? {
        let oracles = cluster.store.logs.mapValues(LogOracle.init)
        for address in cluster.clients.keys.sorted() {
            guard let client = cluster.clients[address] else { continue }
            guard client.ending == nil else { continue }
            guard client.isReady else { return "\(address) is not connected" }
            guard client.isOutboxEmpty else { return "\(address) has sends that are not accepted" }
            for (id, oracle) in oracles {
                let known = client.conversations[id]
                guard oracle.isPart(address) else {
                    if let known, known.isRinging, oracle.endReason != nil { return "\(address) rings for ended \(id)" }
                    continue
                }
                // Who was started anew after the end need not hear of it any more.
                if known == nil, oracle.endReason != nil { continue }
                let count = UInt32(oracle.queue(of: address).count)
                if (known?.received ?? 0) < count, known?.endReason == nil {
                    return "\(address) has not got everything of \(id)"
                }
            }
        }
        return nil
    }

    mutating func report(
        _ rule: String, _ device: DeviceAddress? = nil, _ conversation: ConversationID? = nil, _ what: String
    ) {
        guard violations.count < 50 else { return }
        violations.append(Violation(rule: rule, device: device, conversation: conversation, what: what))
    }

    // MARK: Logs

    private mutating func checkLogs() {
        for (id, oracle) in oracles.sorted(by: { $0.key < $1.key }) {
            for problem in oracle.problems {
                report("log", nil, id, problem)
            }
            var last: [String: UInt32] = [:]
            for taken in oracle.taken {
                let key = "\(taken.device) \(taken.outbox)"
                if taken.number != last[key, default: 0] + 1 {
                    report("a", taken.device, id, "the log took \(taken.number) after \(last[key, default: 0])")
                }
                last[key] = taken.number
            }
        }
    }

    // MARK: Raw frames

    /// (a) of deliveries, and (c).
    private mutating func checkFrames() {
        struct Key: Hashable {
            var device: DeviceAddress
            var conversation: String
            var number: UInt32
        }
        struct Socket: Hashable {
            var device: DeviceAddress
            var conversation: String
            var connection: UInt32
        }
        var values: [Key: WireDeliver] = [:]
        var epochs: [Socket: UInt32] = [:]
        for record in history.records {
            guard case .received(let frame) = record.event else { continue }
            let (conversation, epoch): (String, UInt32)
            switch frame.frame {
            case .deliver(let deliver):
                (conversation, epoch) = (deliver.conversation, deliver.epoch)
                var value = deliver
                value.epoch = 0
                let key = Key(device: record.device, conversation: conversation, number: deliver.number)
                if let earlier = values.updateValue(value, forKey: key), earlier != value {
                    report(
                        "a", record.device, ConversationID(conversation),
                        "delivery \(deliver.number) was \(earlier.message.kind), then \(value.message.kind)")
                }
            case .accepted(let accepted): (conversation, epoch) = (accepted.conversation, accepted.epoch)
            case .snapshot(let snapshot): (conversation, epoch) = (snapshot.conversation, snapshot.epoch)
            default: continue
            }
            let socket = Socket(device: record.device, conversation: conversation, connection: record.connection)
            let highest = epochs[socket, default: 0]
            if epoch < highest {
                report("c", record.device, ConversationID(conversation), "epoch \(highest) was followed by \(epoch)")
            }
            epochs[socket] = max(highest, epoch)
        }
    }

    // MARK: Sessions

    /// A client that must end its session or its connection has been wronged by the server.
    private mutating func checkSessions() {
        for record in history.records {
            guard case .told(let event) = record.event else { continue }
            switch event {
            case .disconnected(.protocolViolation(let what), _): report("wire", record.device, nil, what)
            case .ended(let reason) where reason != .stopped:
                report("wire", record.device, nil, "the session ended: \(reason)")
            case .dropped(let id, _, _):
                if let oracle = oracles[id] {
                    if record.device == oracle.caller {
                        report("e", record.device, id, "the caller was told that its call is not known")
                    } else if oracle.isLeg(record.device) {
                        report("e", record.device, id, "a leg was told that the call is not known")
                    }
                } else if hasInvited(record.device, id) {
                    report("e", record.device, id, "a call was dropped that never came to be")
                }
            default: continue
            }
        }
    }

    private func hasInvited(_ device: DeviceAddress, _ id: ConversationID) -> Bool {
        sends.contains { key, message in
            guard key.device == device, key.conversation == id, key.number == 1 else { return false }
            return message.kind == "invite" || message.kind == "cancel"
        }
    }

    // MARK: Ringing

    /// (g): a device that has been synchronized does not ring for a call that had ended when it connected.
    private mutating func checkRinging() {
        struct Place: Hashable {
            var device: DeviceAddress
            var conversation: ConversationID
        }
        var ringing: Set<Place> = []
        var welcomed: [DeviceAddress: Duration] = [:]
        for record in history.records {
            switch record.event {
            case .restarted: ringing = ringing.filter { $0.device != record.device }
            case .told(.welcomed): welcomed[record.device] = record.at
            case .told(.delivered(let id, let delivery)):
                let place = Place(device: record.device, conversation: id)
                switch delivery.message.content {
                case .invite?: ringing.insert(place)
                case .ended?, .selected?: ringing.remove(place)
                default: continue
                }
            case .told(.snapshot(let id, _)), .told(.dropped(let id, _, _)):
                ringing.remove(Place(device: record.device, conversation: id))
            case .told(.synchronized(let missing)):
                guard let since = welcomed[record.device] else { continue }
                for place in ringing where place.device == record.device && !missing.contains(place.conversation) {
                    guard let end = endTimes[place.conversation], end < since else { continue }
                    report("g", record.device, place.conversation, "rings, though the call had ended when it connected")
                }
            default: continue
            }
        }
    }
}
