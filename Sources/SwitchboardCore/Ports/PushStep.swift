public import SwitchboardProtocol

/// Pushes that an append makes due, in its own transaction: rows of the push outbox, one for each endpoint of a user.
public enum PushStep: Equatable, Sendable {
    /// To every push endpoint of the callee: wake up, this call rings. Good for nothing after `expiresIn`.
    case invite(user: UserID, caller: UserID, media: PairMedia, expiresIn: Duration)
    /// The call does not ring any more. Invites that wait are dropped; the endpoints to which one went, or may have gone,
    /// get a cancel with the reason.
    case cancel(EndReason)
}
