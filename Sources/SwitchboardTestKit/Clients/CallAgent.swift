import SwitchboardClient
import SwitchboardProtocol

/// How likely a person and his application do this or that.
public struct CallHabits: Sendable {
    public var candidates = 0...4
    /// Messages to the other side once somebody has picked up.
    public var messages = 0...6
    public var revisesOffer = 0.15
    public var cancels = 0.2
    public var ringsBack = 0.95
    public var prepares = 0.8
    public var accepts = 0.55
    public var rejects = 0.1
    public var ignores = 0.08
    public var isBusy = 0.08
    public var hangsUp = 0.7
    /// Until a person does something about a ringing call.
    public var thinking: ClosedRange<Duration> = .milliseconds(50)...(.milliseconds(3000))

    public init() {}
}

/// A person with a device, at random: calls, rings, prepares, picks up or not, talks, hangs up. What it does follows from the
/// simulation's seed.
public final class CallAgent {
    /// What the agent has done in one call.
    private struct Part {
        var isCaller = false
        var hasRung = false
        var isTalking = false
        var isOver = false
    }

    unowned let client: SimulatedClient
    private unowned let cluster: SimulatedCluster
    private let habits: CallHabits
    private var parts: [ConversationID: Part] = [:]
    private var marks = 0
    /// Does nothing new any more; what is under way is only ended.
    public var isRetired = false

    public init(_ client: SimulatedClient, _ cluster: SimulatedCluster, habits: CallHabits = CallHabits()) {
        self.client = client
        self.cluster = cluster
        self.habits = habits
        client.agent = self
    }

    private var random: SeededGenerator { cluster.random }

    private func mark(_ kind: String) -> String {
        marks += 1
        return "\(client.address.user)-\(client.address.device)-\(kind)-\(marks)"
    }

    private func later(_ delay: ClosedRange<Duration>, _ call: ConversationID, _ action: @escaping (CallAgent) -> Void)
    {
        cluster.time.after(random.duration(delay)) { [weak self] in
            guard let self, !isRetired, parts[call]?.isOver == false else { return }
            action(self)
        }
    }

    /// The application was started anew.
    func forget() {
        parts = [:]
    }

    // MARK: Calling

    public func call(_ callee: String) {
        guard !isRetired else { return }
        let call = cluster.newConversation()
        parts[call] = Part(isCaller: true)
        client.send(.invite(callee), in: call)
        client.send(.description("offer", mark: mark("offer")), in: call)
        sendCandidates(call, revision: 1)
        if random.chance(habits.revisesOffer) {
            let isNewSession = random.chance(0.5)
            later(.milliseconds(1)...(.milliseconds(1500)), call) { agent in
                guard agent.parts[call]?.isTalking == false else { return }
                let (session, revision): (UInt32, UInt32) = isNewSession ? (2, 1) : (1, 2)
                agent.client.send(
                    .description("offer", session: session, revision: revision, mark: agent.mark("offer")), in: call)
                agent.sendCandidates(call, session: session, revision: revision)
            }
        }
        if random.chance(habits.cancels) {
            later(.zero ... .milliseconds(3000), call) { $0.client.send(.cancel, in: call) }
        }
    }

    private func sendCandidates(_ call: ConversationID, session: UInt32 = 1, revision: UInt32) {
        for _ in 0..<random.number(habits.candidates) {
            later(.zero ... .milliseconds(300), call) { agent in
                agent.client.send(.candidates(agent.mark("candidates"), session: session, revision: revision), in: call)
            }
        }
    }

    // MARK: What the session tells

    func told(_ event: SessionEvent) {
        switch event {
        case .delivered(let call, let delivery): delivered(call, delivery)
        case .snapshot(let call, let snapshot):
            if parts[call] == nil { parts[call] = Part(isCaller: snapshot.role == "caller") }
            if client.conversations[call]?.endReason != nil {
                parts[call]?.isOver = true
            } else if !snapshot.calleeDevice.isEmpty {
                talk(call)
            } else if snapshot.role == "caller" {
                // An application that was started anew in the middle of its call gives up, mostly.
                later(.milliseconds(100)...(.milliseconds(2000)), call) { $0.client.send(.cancel, in: call) }
            }
        case .dropped(let call, _, _): parts[call]?.isOver = true
        default: break
        }
    }

    private func delivered(_ call: ConversationID, _ delivery: WireDeliver) {
        if parts[call] == nil { parts[call] = Part() }
        switch delivery.message.content {
        case .invite?: invited(call)
        case .description_p(let description)?: offered(call, description)
        case .selected?: talk(call)
        case .ended?: parts[call]?.isOver = true
        default: break
        }
    }

    private func invited(_ call: ConversationID) {
        guard parts[call]?.hasRung == false else { return }
        parts[call]?.hasRung = true
        if random.chance(habits.ringsBack) {
            later(.milliseconds(1)...(.milliseconds(50)), call) { $0.client.send(.ringing, in: call) }
        }
        let choice = Double(random.number(0...999)) / 1000
        let steps: [(Double, WireMessage)] = [
            (habits.accepts, .accept), (habits.rejects, .reject), (habits.ignores, .ignore), (habits.isBusy, .busy),
        ]
        var sum = 0.0
        for (probability, message) in steps {
            sum += probability
            guard choice < sum else { continue }
            return later(habits.thinking, call) { $0.client.send(message, in: call) }
        }
    }

    private func offered(_ call: ConversationID, _ description: WireDescription) {
        guard description.type == "offer", parts[call]?.isTalking == false, random.chance(habits.prepares) else {
            return
        }
        later(.milliseconds(1)...(.milliseconds(100)), call) { agent in
            guard agent.parts[call]?.isTalking == false else { return }
            let (session, revision) = (description.session, description.revision)
            agent.client.send(
                .description("answer", session: session, revision: revision, mark: agent.mark("answer")), in: call)
            agent.sendCandidates(call, session: session, revision: revision)
        }
    }

    private func talk(_ call: ConversationID) {
        guard parts[call]?.isTalking == false else { return }
        parts[call]?.isTalking = true
        later(.milliseconds(10)...(.milliseconds(500)), call) { $0.client.send(.connected, in: call) }
        for _ in 0..<random.number(habits.messages) {
            later(.zero ... .milliseconds(3000), call) { agent in
                agent.client.send(.info(agent.mark("info")), in: call)
            }
        }
        if random.chance(habits.hangsUp) {
            later(.milliseconds(100)...(.milliseconds(5000)), call) { $0.client.send(.hangup, in: call) }
        }
    }

    /// Ends what it still takes part in.
    public func retire() {
        isRetired = true
        for call in parts.keys.sorted() where parts[call]?.isOver == false {
            guard let part = parts[call], part.isTalking || part.isCaller else { continue }
            client.send(.hangup, in: call)
        }
    }
}
