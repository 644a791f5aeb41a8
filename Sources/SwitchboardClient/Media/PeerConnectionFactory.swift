/// Makes peer connections, wherever the SDK needs one.
public protocol PeerConnectionFactory: Sendable {
    func makePeerConnection(_ configuration: PeerConnectionConfiguration) async throws -> any PeerConnection
}
