import SwitchboardProtocol

/// One WebSocket between a client and a node: in order in both directions, gone at one end before the other knows.
final class ClientSocket {
    unowned let client: SimulatedClient
    let node: SimulatedNode
    var connection: ConnectionID?
    private let time: VirtualTime
    private let delay: Duration
    private var lastUp: Duration = .zero
    private var lastDown: Duration = .zero
    private var isClientOpen = true
    private var isNodeOpen = true
    /// Nothing passes, and neither end knows.
    private(set) var isStalled = false

    init(client: SimulatedClient, node: SimulatedNode, time: VirtualTime, delay: Duration) {
        self.client = client
        self.node = node
        self.time = time
        self.delay = delay
    }

    private func upwards(_ action: @escaping (ClientSocket) -> Void) {
        lastUp = max(lastUp, time.now + delay)
        time.at(lastUp) { [self] in action(self) }
    }

    private func downwards(_ action: @escaping (ClientSocket) -> Void) {
        lastDown = max(lastDown, time.now + delay)
        time.at(lastDown) { [self] in action(self) }
    }

    // MARK: The client's end

    func transmit(_ frame: WireClientFrame) {
        guard isClientOpen else { return }
        upwards { socket in
            guard socket.isNodeOpen, !socket.isStalled else { return }
            socket.node.received(frame, from: socket)
        }
    }

    func closeFromClient() {
        guard isClientOpen else { return }
        isClientOpen = false
        upwards { socket in
            if !socket.isStalled { socket.nodeEndClosed() }
        }
    }

    func stall() {
        isStalled = true
    }

    /// Nobody says goodbye; the client notices now, the node when it has waited long enough.
    func breakDown(nodeNotices: Duration) {
        guard isClientOpen else { return }
        isClientOpen = false
        client.socketClosed(self, code: nil)
        time.after(nodeNotices) { [self] in nodeEndClosed() }
    }

    private func nodeEndClosed() {
        guard isNodeOpen else { return }
        isNodeOpen = false
        node.socketClosed(self)
    }

    // MARK: The node's end

    func send(_ frames: [WireServerFrame]) {
        guard isNodeOpen else { return }
        downwards { socket in
            for frame in frames {
                guard socket.isClientOpen, !socket.isStalled else { return }
                socket.client.received(frame, on: socket)
            }
        }
    }

    func closeFromNode(_ code: UInt16?) {
        guard isNodeOpen else { return }
        isNodeOpen = false
        downwards { socket in
            guard socket.isClientOpen, !socket.isStalled else { return }
            socket.isClientOpen = false
            socket.client.socketClosed(socket, code: code)
        }
    }
}
