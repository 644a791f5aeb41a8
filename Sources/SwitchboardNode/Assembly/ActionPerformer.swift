import Logging
import SwitchboardCore
import SwitchboardProtocol
import SwitchboardTransport

/// Hands the core's actions to the drivers. Runs on the core's thread; no driver blocks.
struct ActionPerformer: Sendable {
    let front: WebSocketFront
    let peers: (any PeerLinks)?
    let store: any ConversationStore
    let coordinator: any Coordinator
    let policy: any CallPolicy
    /// Called when pushes are in the outbox.
    var pushesCommitted: @Sendable () -> Void = {}
    let answer: @Sendable (NodeEvent) -> Void
    let logger: Logger

    func perform(_ actions: [NodeAction]) {
        var toClients: [(ConnectionID, [WireServerFrame])] = []
        for action in actions {
            switch action {
            case .sendToClient(let connection, let frames): toClients.append((connection, frames))
            case .closeConnection(let connection, let code, let name):
                front.send(toClients)
                toClients = []
                front.close(connection, code: code, after: name)
            case .setFastPing(let connection, let isFast): front.setPingInterval(connection, fast: isFast)
            case .sendToPeer(let peer, let frames): peers?.send(frames, to: peer)
            case .setPeers(let addresses): peers?.setPeers(addresses)
            case .probePeer(let peer): peers?.probe(peer)
            case .store(let command, let id): store.submit(command, id: id)
            case .coordinate(let command, let id): coordinator.submit(command, id: id)
            case .askPolicy(let call, let id): ask(call, id)
            case .dispatchPushes: pushesCommitted()
            case .log(let line): log(line)
            }
        }
        front.send(toClients)
    }

    /// A task of its own for each call: verdicts may come in any order, the core waits for each by its id.
    private func ask(_ call: ProposedCall, _ id: PolicyRequestID) {
        if policy is EveryoneMayCall {
            return answer(.policyAnswered(id, .allowed))
        }
        Task { answer(.policyAnswered(id, await policy.verdict(on: call))) }
    }

    private func log(_ line: NodeLogLine) {
        let level: Logger.Level =
            switch line.level {
            case .debug: .debug
            case .info: .info
            case .warning: .warning
            case .error: .error
            }
        let metadata: Logger.Metadata? = line.conversation.map { ["conversation": "\($0)"] }
        logger.log(level: level, "\(line.message)", metadata: metadata)
    }
}
