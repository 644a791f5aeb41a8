/// Why a handshake is refused: the names that stand in `HandshakeAnswer.refusal` and in logs.
enum PeerRefusal: String, Error {
    case wrongCluster = "wrong_cluster"
    case wrongSecret = "wrong_secret"
    case versionMismatch = "version_mismatch"
    /// The dialler looked for another incarnation: the one that it knew has ended, and this one took its address.
    case unexpectedIncarnation = "unexpected_incarnation"
    /// The other of two connections between the same nodes is kept.
    case duplicate
    /// A frame that does not belong into the handshake, or a field that is missing.
    case badHandshake = "bad_handshake"
    /// A node linking with itself, or two nodes with the same incarnation.
    case ownIncarnation = "own_incarnation"

    /// What an operator should look at.
    var advice: String {
        switch self {
        case .wrongCluster: "the other node belongs to another cluster; check the cluster names and addresses"
        case .wrongSecret: "the nodes do not hold the same cluster secret, or only one of them holds one"
        case .versionMismatch: "the releases are too far apart; upgrade one release at a time"
        case .unexpectedIncarnation: "another process has taken the address"
        case .duplicate: "the other of two connections is kept"
        case .badHandshake: "something else speaks there, or the configurations differ in security"
        case .ownIncarnation: "two nodes run with the same incarnation, or a node was told its own address"
        }
    }
}
