import SwitchboardCore
import SwitchboardProtocol
import Testing
import ZooKeeperClient

@testable import Coordination

/// Random runs of three coordinators on a simulated ensemble whose connections break at every possible place.
@Suite("Coordinators that lose connections, answers and sessions (pure, seeded)")
struct LostAnswerSimulationTests {
    @Test(
        "No two nodes win the same version, the winner is named by it, and each command is completed once",
        arguments: 1...60)
    func winners(seed: UInt64) throws {
        var world = try World(seed: seed)
        for _ in 0..<1_500 { world.step() }
        world.heal()
        for node in world.nodes {
            for id in node.submitted { #expect(node.simulated.results(id).count == 1, "seed \(seed), command \(id)") }
            #expect(node.simulated.availabilities.last == true, "seed \(seed)")
            #expect(node.simulated.memberLists.last?.count == world.nodes.count, "seed \(seed)")
        }
        var winners: [ConversationClaim: Incarnation] = [:]
        for node in world.nodes {
            for (id, conversation) in node.candidacies {
                guard case .won(let version)? = node.simulated.results(id).first else { continue }
                let claim = ConversationClaim(conversation: conversation, version: version)
                let earlier = winners.updateValue(node.simulated.incarnation, forKey: claim)
                // Of two claims of one node that lost their answers nobody can tell which one was carried out.
                #expect(
                    earlier == nil || earlier == node.simulated.incarnation, "seed \(seed): two winners of \(claim)")
            }
        }
        #expect(!winners.isEmpty)
        for (path, node) in world.ensemble.nodes where path.hasPrefix("/conversations/") && !node.data.isEmpty {
            let conversation = try #require(ConversationID(String(path.suffix(36))))
            let claim = ConversationClaim(conversation: conversation, version: node.version)
            guard let winner = winners[claim] else { continue }
            #expect(String(decoding: node.data, as: UTF8.self) == winner.text, "seed \(seed)")
        }
    }
}

/// Three coordinators and what happens to them.
private struct World {
    struct Node {
        var simulated: SimulatedNode
        var submitted: [UInt64] = []
        /// Commands by which the node wished to lead.
        var candidacies: [(id: UInt64, conversation: ConversationID)] = []
    }

    var ensemble = SimulatedEnsemble()
    var nodes: [Node]
    private var random: SplitMix
    private var lastSession: Int64 = 0
    private var lastCommand: UInt64 = 0

    init(seed: UInt64) throws {
        random = SplitMix(state: seed)
        nodes = try (1...3).map { Node(simulated: try SimulatedNode("n\($0).1")) }
        heal()
    }

    mutating func step() {
        let index = Int.random(in: 0..<nodes.count, using: &random)
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<25: submit(index)
        case 25..<80: answerNext(index)
        case 80..<84:
            let count = Int.random(in: 0...nodes[index].simulated.inFlight.count, using: &random)
            nodes[index].simulated.disconnect(carryingOut: count, by: &ensemble)
        case 84..<95: connect(index)
        case 95..<98:
            if !nodes[index].simulated.timers.isEmpty {
                nodes[index].simulated.fire(Int.random(in: 0..<nodes[index].simulated.timers.count, using: &random))
            }
        default: loseSession(index)
        }
    }

    /// Everything is connected, every timer fires, every answer comes, until nothing happens any more.
    mutating func heal() {
        var isQuiet = false
        while !isQuiet {
            isQuiet = true
            for index in nodes.indices {
                connect(index)
                while !nodes[index].simulated.timers.isEmpty {
                    nodes[index].simulated.fire(0)
                    isQuiet = false
                }
                while !nodes[index].simulated.inFlight.isEmpty {
                    answerNext(index)
                    isQuiet = false
                }
            }
        }
    }

    private mutating func submit(_ index: Int) {
        lastCommand += 1
        let me = nodes[index].simulated.incarnation
        let conversation = ConversationID.sample(UInt64.random(in: 1...3, using: &random))
        let path = "/conversations/\(conversation.description.prefix(2))/\(conversation)"
        let command: CoordinatorCommand
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<3: command = .create(conversation, leader: me)
        case 3..<8: command = .claim(conversation, leader: me, version: ensemble.nodes[path]?.version ?? 0)
        case 8: command = .read(conversation, sync: true)
        default: command = .mark(.draining, Bool.random(using: &random))
        }
        nodes[index].submitted.append(lastCommand)
        switch command {
        case .create, .claim: nodes[index].candidacies.append((lastCommand, conversation))
        default: break
        }
        nodes[index].simulated.submit(command, lastCommand)
    }

    private mutating func answerNext(_ index: Int) {
        guard nodes[index].simulated.isConnected else { return }
        nodes[index].simulated.answerNext(by: &ensemble)
        tellWatches()
    }

    private mutating func tellWatches() {
        for (session, path) in ensemble.takeFired() {
            for index in nodes.indices where nodes[index].simulated.session == session {
                nodes[index].simulated.take { $0.happened(.childrenChanged(path: path)) }
            }
        }
    }

    private mutating func connect(_ index: Int) {
        if nodes[index].simulated.wishesClient { nodes[index].simulated.openClient() }
        guard nodes[index].simulated.hasClient, !nodes[index].simulated.isConnected else { return }
        var session = nodes[index].simulated.session
        if session == nil {
            lastSession += 1
            session = ZooKeeperSessionID(rawValue: lastSession)
        }
        if let session { nodes[index].simulated.connect(session) }
    }

    /// The ensemble ends the session, or the node gives it up and the ensemble keeps it for now.
    private mutating func loseSession(_ index: Int) {
        guard let session = nodes[index].simulated.session, !nodes[index].simulated.isConnected else { return }
        if Bool.random(using: &random) {
            ensemble.end(session)
            nodes[index].simulated.expire()
        } else {
            nodes[index].simulated.take { $0.happened(.session(.presumedExpired)) }
        }
        tellWatches()
    }
}

/// Steele, Lea and Flood's SplitMix64: reproducible from a seed.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
