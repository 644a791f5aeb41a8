import SwitchboardProtocol

/// A STUN or TURN server, as `RTCIceServer` has it.
public struct IceServer: Sendable, Hashable {
    public var urls: [String]
    public var username: String
    public var credential: String

    public init(urls: [String], username: String = "", credential: String = "") {
        self.urls = urls
        self.username = username
        self.credential = credential
    }
}

extension IceServer {
    init(_ wire: WireIceServer) {
        self.init(urls: wire.urls, username: wire.username, credential: wire.credential)
    }
}
