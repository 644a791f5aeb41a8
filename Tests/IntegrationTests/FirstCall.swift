import SwitchboardClient
import SwitchboardProtocol

// The first call of docs/SWIFT-SDK.md, word for word: a test compares them, and makes the call.
// begin
struct Phone {
    let center: CallCenter

    init(url: String, token: TokenSource, webRTC: some PeerConnectionFactory) async throws {
        let options = SessionOptions(endpoint: try ServerEndpoint(url: url), token: token)
        center = await CallCenter(try SwitchboardClient(options), peerConnections: webRTC)
    }

    /// Connects, and hands over each call that should ring.
    func start(ring: (Call) async throws -> Void) async throws {
        try await center.connect()
        for await event in center.events {
            if case .incoming(let call) = event { try await ring(call) }
        }
    }

    /// Calls, and returns when packets pass; the reason if it came to nothing.
    func call(_ user: UserID) async -> (Call, CallEnd?) {
        let call = await center.call(user, .audioVideo)
        for await case .stateChanged(let state) in call.events {
            if case .ended(let end) = state { return (call, end) }
            if state == .active { break }
        }
        return (call, nil)
    }
}
// end
