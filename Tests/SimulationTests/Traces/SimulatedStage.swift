import SwitchboardCore
import SwitchboardProtocol
import SwitchboardTestKit

/// Plays golden traces on a simulated cluster of three nodes.
final class SimulatedStage {
    let cluster: SimulatedCluster
    private var transcript = TraceTranscript(names: TraceNames())
    private var verdicts: [String: CallVerdict] = [:]
    private let limits = CallLimits()
    private var moods: [String: TraceAction.ProviderMood] = [:]
    private var pushed: [String] = []

    init(seed: UInt64) {
        cluster = SimulatedCluster(seed: seed, nodes: ["n1", "n2", "n3"]) { configuration in
            // The product's own times: virtual time costs nothing.
            let product = NodeConfiguration(incarnation: configuration.incarnation, name: configuration.name)
            configuration.leadership = product.leadership
            configuration.endedRetention = product.endedRetention
        }
        cluster.policy = { [weak self] call in self?.verdicts[call.callee] ?? .allowed }
        cluster.run(for: .milliseconds(300))
    }

    /// What devices are told in each step.
    func play(_ trace: CallTrace) throws -> [[String]] {
        try trace.steps.map { step in
            transcript.begin()
            pushed = []
            let start = cluster.history.records.count
            try perform(step.action)
            settle(step.action)
            for record in cluster.history.records[start...] {
                if case .told(let event) = record.event { transcript.note(event, to: record.device) }
            }
            return transcript.lines + pushed
        }
    }

    private func perform(_ action: TraceAction) throws {
        switch action {
        case .joins(let device, let node, let learned):
            transcript.add(device)
            cluster.addClient(
                device.user.text, device.device.text, on: [node], pinned: true, learned: learned.map(call))
        case .sends(let device, let word, let messages):
            let (client, call) = (try client(device), call(word))
            for text in messages {
                guard client.send(try TraceMessage.message(text, transcript.names), in: call) != nil else {
                    throw TraceError("\(device) could not send: \(text)")
                }
            }
        case .losesConnection(let device):
            let client = try client(device)
            client.breakSocket(nodeNotices: .zero)
            client.setOnline(false)
        case .goesSilent(let device): try client(device).goSilent()
        case .comesBack(let device, let node):
            let client = try client(device)
            client.preferredNodes = [node]
            client.setOnline(true)
        case .startsAnew(let device, let node, let keepsOutbox):
            let client = try client(device)
            client.preferredNodes = [node]
            client.setOnline(true)
            client.restart(keepsOutbox: keepsOutbox)
        case .dies(let node): cluster.crash(node)
        case .starts(let node): cluster.restart(node)
        case .leaves(let node, let other):
            for client in cluster.clients.values where client.preferredNodes == [node] {
                client.preferredNodes = [other]
            }
            cluster.drain(node, spread: .seconds(1))
            cluster.run(for: .seconds(3))
            cluster.crash(node)
        case .deadlinePasses(let deadline): cluster.run(for: duration(of: deadline))
        case .timePasses(let duration): cluster.run(for: duration)
        case .policy(let what, let callee): verdicts[callee] = what == "refuses" ? .refused : .silent
        case .endpoint(let name, let user):
            let endpoint = PushEndpoint(
                id: PushEndpointID(name), user: UserID(trusted: user), provider: .webhook, target: name, parameters: "")
            try cluster.store.pushes.register(endpoint, maximumPerUser: 8)
        case .provider(let endpoint, let mood): moods[endpoint] = mood
        case .featureLevel(let level):
            cluster.store.featureLevel = level
            cluster.run(for: .seconds(12))  // until every node has read it
        }
    }

    /// What a dispatcher would do: all pushes that are due go to their providers, and what those say goes to the call's leader.
    private func dispatchPushes() {
        guard let node = cluster.livingNodes.last else { return }
        let silent = Set(moods.filter { $0.value == .isSilent }.keys)
        for push in cluster.store.pushes.claim(
            limit: 100, lease: .seconds(1), by: node.incarnation, at: cluster.time.now)
        where !silent.contains(push.endpoint.id.text) {
            let isTaken = moods[push.endpoint.id.text] != .refuses
            let outcome: PushSettlement.Outcome = isTaken ? .taken : .dead(reason: "refused")
            cluster.store.pushes.settle(
                [PushSettlement(number: push.number, outcome: outcome)], by: node.incarnation, at: cluster.time.now)
            pushed.append(transcript.line(push))
            guard case .invite = push.kind else { continue }
            cluster.pushAnswered(push.conversation, push.endpoint.id, taken: isTaken, at: node.name)
        }
    }

    /// Lets pass what is on its way: everybody who can be connected is, and for a while nobody is told anything.
    private func settle(_ action: TraceAction) {
        let isNodes = action.device == nil
        _ = cluster.run(for: .seconds(8)) {
            cluster.clients.values.allSatisfy { client in
                let node = client.preferredNodes.first.flatMap { cluster.nodes[$0] }
                let isAway = !client.isOnline || client.ending != nil || node?.isAlive != true
                return isAway || (client.isReady && client.isOutboxEmpty)
            }
        }
        let quiet: Duration = isNodes ? .seconds(3) : .milliseconds(400)
        // Somebody whose node is gone goes on trying, of which nothing comes.
        var (seen, since) = (cluster.history.told, cluster.time.now)
        while cluster.time.now - since < quiet {
            dispatchPushes()
            cluster.run(for: .milliseconds(100))
            if cluster.history.told != seen {
                (seen, since) = (cluster.history.told, cluster.time.now)
            }
        }
    }

    private func client(_ device: DeviceAddress) throws -> SimulatedClient {
        guard let client = cluster.clients[device] else { throw TraceError("\(device) has not joined") }
        return client
    }

    private func call(_ word: String) -> ConversationID {
        transcript.names.call(word, orMake: cluster.newConversation)
    }

    private func duration(of deadline: TraceDeadline) -> Duration {
        switch deadline {
        case .ring: limits.ringTimeout
        case .connect: limits.connectTimeout
        case .reach: limits.reachTimeout
        case .callerLost: limits.callerLostTimeout
        case .signalLost: limits.signalLostTimeout
        case .handover: limits.handoverTimeout
        }
    }
}
