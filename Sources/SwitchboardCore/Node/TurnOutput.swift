import OrderedCollections
import SwitchboardProtocol

/// Actions of one turn: frames are gathered per socket and per link, so that each gets one write and one flush.
struct TurnOutput: Sendable {
    private var actions: [NodeAction] = []
    private var clients: OrderedDictionary<ConnectionID, [WireServerFrame]> = [:]
    private var peers: OrderedDictionary<Incarnation, [PeerPeerFrame]> = [:]

    mutating func perform(_ action: NodeAction) {
        actions.append(action)
    }

    mutating func send(_ frame: WireServerFrame, to connection: ConnectionID) {
        clients[connection, default: []].append(frame)
    }

    mutating func send(_ frame: PeerPeerFrame, to peer: Incarnation) {
        peers[peer, default: []].append(frame)
    }

    /// Closes after what was sent before.
    mutating func close(_ connection: ConnectionID, _ code: CloseCode, _ last: ErrorName?) {
        if let frames = clients.removeValue(forKey: connection) {
            actions.append(.sendToClient(connection, frames))
        }
        actions.append(.closeConnection(connection, code, last))
    }

    mutating func drop(_ connection: ConnectionID) {
        clients[connection] = nil
    }

    mutating func finish() -> [NodeAction] {
        var all = actions
        all.reserveCapacity(actions.count + clients.count + peers.count)
        for (connection, frames) in clients { all.append(.sendToClient(connection, frames)) }
        for (peer, frames) in peers { all.append(.sendToPeer(peer, frames)) }
        self = TurnOutput()
        return all
    }
}
