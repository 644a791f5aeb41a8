/// An SDP description (RFC 8829).
public struct SessionDescription: Sendable, Hashable {
    public enum Kind: String, Sendable {
        case offer, answer
    }

    public let kind: Kind
    public let sdp: String

    public init(_ kind: Kind, _ sdp: String) {
        self.kind = kind
        self.sdp = sdp
    }
}
