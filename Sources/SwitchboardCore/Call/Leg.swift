/// One device's part in a call, of the callee's devices.
struct Leg: Sendable, Equatable {
    enum State: String, Sendable {
        /// Known; invite and offer are on their way.
        case notified
        case ringing
        case selected
        case declined
        case busy
        case ignored
        case cancelled
    }

    var state: State
    /// Why it was cancelled.
    var reason: String = ""
}
