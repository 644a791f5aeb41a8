/// What a provider made of a push, as the log keeps it.
enum PushOutcome: String, Sendable {
    case taken
    case refused
}
