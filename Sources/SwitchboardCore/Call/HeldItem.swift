import SwitchboardProtocol

/// A message that waits for pickup: the caller's candidates, a leg's answer and candidates. Named by the send that brought
/// it, so that its release is a reference and not a copy.
struct HeldItem: Sendable {
    var reference: LogHeldReference
    var sender: DeviceAddress
    var message: WireMessage

    var isDescription: Bool { if case .description_p? = message.content { true } else { false } }
}

/// Which negotiation a description or its candidates belong to; later pairs supersede earlier ones.
struct Negotiation: Comparable, Sendable {
    var session: UInt32
    var revision: UInt32

    static func < (left: Self, right: Self) -> Bool {
        (left.session, left.revision) < (right.session, right.revision)
    }
}
