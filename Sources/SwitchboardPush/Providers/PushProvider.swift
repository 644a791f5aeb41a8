public import SwitchboardCore

/// Hands pushes to one service that wakes devices.
public protocol PushProvider: Sendable {
    var kind: PushProviderKind { get }
    /// Tries once, within about this time. What goes wrong is an answer too.
    func send(_ message: PushMessage, within timeout: Duration) async -> ProviderAnswer
}

/// What came of an attempt. Reasons are for operators: they hold neither targets nor what the push says.
public enum ProviderAnswer: Sendable, Equatable {
    /// The service has taken it over.
    case taken
    /// Worth another attempt, not before `after`, if the service said so.
    case postponed(after: Duration?, reason: String)
    /// It will be refused again.
    case refused(reason: String)
    /// There is no such endpoint any more.
    case endpointGone(reason: String)
}
