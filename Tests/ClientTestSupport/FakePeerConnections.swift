package import SwitchboardClient
import Synchronization

/// A WebRTC library without media: what an application would plug in. All peer connections that one of them has made reach
/// each other.
package final class FakePeerConnections: PeerConnectionFactory {
    private struct State {
        var media = FakeMedia()
        var listeners: [String: AsyncStream<PeerConnectionEvent>.Continuation] = [:]
        var made = 0
    }

    private let state = Mutex(State())

    package init() {}

    /// Calls that a real library would have refused.
    package var faults: [String] { state.withLock { $0.media.faults } }
    /// How many there are that packets pass on.
    package var connected: Int {
        state.withLock { state in state.listeners.keys.filter { state.media.isConnected($0) }.count }
    }

    package func breakPaths() {
        state.withLock { $0.media.breakPaths() }
        look()
    }

    package func makePeerConnection(_ configuration: PeerConnectionConfiguration) async -> any PeerConnection {
        let (events, continuation) = AsyncStream.makeStream(of: PeerConnectionEvent.self)
        let name = state.withLock { state in
            state.made += 1
            let name = "peer\(state.made)"
            state.media.make(name, offers: configuration.offers)
            state.listeners[name] = continuation
            return name
        }
        return FakePeerConnection(name: name, events: events, connections: self)
    }

    fileprivate func with<Result: Sendable>(
        _ name: String, _ work: @Sendable (inout FakePeer) throws -> Result
    ) throws -> Result {
        defer { look() }
        return try state.withLock { try $0.media.with(name, work) }
    }

    fileprivate func tell(_ name: String, _ events: [PeerConnectionEvent]) {
        let listener = state.withLock { $0.listeners[name] }
        for event in events { listener?.yield(event) }
    }

    fileprivate func close(_ name: String) {
        _ = try? with(name) { $0.close() }
        state.withLock { $0.listeners.removeValue(forKey: name) }?.finish()
    }

    fileprivate func partnersDigest(_ name: String) -> [UInt8]? {
        state.withLock { state in state.media.partner(of: name).flatMap { state.media[$0]?.certificateDigest } }
    }

    /// What has changed about who reaches whom.
    private func look() {
        let told = state.withLock { state in state.media.look().map { (state.listeners[$0.peer], $0.event) } }
        for (listener, event) in told { listener?.yield(event) }
    }
}

private struct FakePeerConnection: PeerConnection {
    let name: String
    let events: AsyncStream<PeerConnectionEvent>
    let connections: FakePeerConnections

    func createOffer(restartingICE: Bool) async throws -> String {
        try connections.with(name) { try $0.createOffer(restartingICE: restartingICE) }
    }

    func createAnswer() async throws -> String { try connections.with(name) { try $0.createAnswer() } }

    func setLocalDescription(_ description: SessionDescription) async throws {
        connections.tell(name, try connections.with(name) { try $0.setLocal(description) })
    }

    func setRemoteDescription(_ description: SessionDescription) async throws {
        try connections.with(name) { try $0.setRemote(description) }
    }

    func rollBack() async throws { try connections.with(name) { try $0.rollBack() } }
    func add(_ candidate: IceCandidate?) async throws { try connections.with(name) { try $0.add(candidate) } }

    func send(_ media: CallMedia) async throws {
        connections.tell(name, try connections.with(name) { try $0.send(media) })
    }

    func setIceServers(_ servers: [IceServer]) async throws {}
    func remoteCertificateDigests() async -> [[UInt8]]? { connections.partnersDigest(name).map { [$0] } }
    func close() async { connections.close(name) }
}
