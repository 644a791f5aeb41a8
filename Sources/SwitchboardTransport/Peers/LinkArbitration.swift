import SwitchboardProtocol

/// Which of two connections between the same two nodes is kept. Pure; both ends come to the same answer.
///
/// The rule is: the one dialled by the smaller incarnation. Its exception: a node dials only when it has no link, so a dial that
/// comes long after a link was made shows that the other side has lost that link, and the newer connection is kept.
struct LinkArbitration {
    /// After this time a second connection cannot stem from both having dialled at once.
    static let settleTime: Duration = .seconds(1)

    let own: Incarnation

    enum Dialler {
        case us
        case them
    }

    /// Whether a new connection with `peer` replaces the link that stands.
    func replaces(
        existing: (dialler: Dialler, age: Duration), new: Dialler, peer: Incarnation
    ) -> Bool {
        if existing.dialler == new { return true }
        let smaller: Dialler = own < peer ? .us : .them
        return new == smaller || existing.age >= Self.settleTime
    }

    /// Whether a peer that calls is let in while a dial of our own to it is under way.
    func admits(callFrom peer: Incarnation, whileDialling isDialling: Bool) -> Bool {
        !isDialling || peer < own
    }
}
