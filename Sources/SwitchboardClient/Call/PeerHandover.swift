/// How far another device of the peer is in taking the call over.
public enum PeerHandover: Sendable, Equatable {
    case started, completed, failed
}
