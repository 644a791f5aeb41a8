/// Why a call ended, as told in `ended.reason`. `answeredElsewhere` and `declinedElsewhere` speak of a leg, not of the
/// call, and are no missed calls.
public enum EndReason: String, Sendable, CaseIterable {
    case hangup
    case cancelled
    case declined
    case busy
    case noAnswer = "no_answer"
    case unreachable
    case notAllowed = "not_allowed"
    case answeredElsewhere = "answered_elsewhere"
    case declinedElsewhere = "declined_elsewhere"
    case glare
    case replaced
    case expired
    case connectFailed = "connect_failed"
    case mediaLost = "media_lost"
    case mediaError = "media_error"
    case signalLost = "signal_lost"
    case unsupported
    case serverError = "server_error"
}
