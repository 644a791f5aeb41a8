import SwitchboardProtocol

extension PeerPeerFrame {
    /// True for what carries clients' messages, or says that they have been carried: it can be asked for again by re-attaching.
    /// `attached` is among it, because "complete" would be a lie after a dropped `push`. The rest are internal facts, few and
    /// small, whose loss nobody would notice; they are never dropped on a link that lives.
    var isDroppable: Bool {
        switch frame {
        case .push, .forward, .forwardAck, .attached: true
        case .relay(let relay): relay.frame.isDroppable
        default: false
        }
    }
}
