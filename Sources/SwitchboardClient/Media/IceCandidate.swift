import SwitchboardProtocol

/// An ICE candidate, as `RTCIceCandidateInit` has it.
public struct IceCandidate: Sendable, Hashable {
    public var candidate: String
    public var sdpMid: String?
    public var sdpMLineIndex: UInt32
    public var usernameFragment: String?

    public init(candidate: String, sdpMid: String? = nil, sdpMLineIndex: UInt32 = 0, usernameFragment: String? = nil) {
        self.candidate = candidate
        self.sdpMid = sdpMid
        self.sdpMLineIndex = sdpMLineIndex
        self.usernameFragment = usernameFragment
    }
}

extension IceCandidate {
    /// nil: the wire says that there are no more.
    static func from(_ wire: WireCandidate) -> IceCandidate? {
        guard !wire.candidate.isEmpty else { return nil }
        return IceCandidate(
            candidate: wire.candidate, sdpMid: wire.sdpMid.isEmpty ? nil : wire.sdpMid,
            sdpMLineIndex: wire.sdpMLineIndex,
            usernameFragment: wire.usernameFragment.isEmpty ? nil : wire.usernameFragment)
    }

    var wire: WireCandidate {
        var candidate = WireCandidate()
        candidate.candidate = self.candidate
        candidate.sdpMid = sdpMid ?? ""
        candidate.sdpMLineIndex = sdpMLineIndex
        candidate.usernameFragment = usernameFragment ?? ""
        return candidate
    }
}
