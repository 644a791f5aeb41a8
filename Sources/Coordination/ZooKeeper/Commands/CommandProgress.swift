import SwitchboardCore
import ZooKeeperClient

/// One command on its way through ZooKeeper: a pure machine that asks one request at a time until it knows the result.
///
/// Every implementation bounds how many requests it asks, so every command ends.
protocol CommandProgress: Sendable {
    /// The first step.
    mutating func begin() -> CommandStep
    /// The request of the last step was answered, has failed or was refused.
    mutating func answered(_ answer: Result<ZooKeeperResponse, ZooKeeperError>) -> CommandStep
}

/// What a command does next.
enum CommandStep: Equatable {
    /// Ask this.
    case ask(ZooKeeperRequest)
    /// The answer was lost with the connection: ask this as soon as the session is connected again, or give up.
    case askWhenReconnected(ZooKeeperRequest)
    /// That was it.
    case complete(CoordinatorResult)

    static func giveUp(_ error: ZooKeeperError) -> CommandStep {
        .complete(.unavailable(reason: error.description))
    }

    static let giveUpAtBound = CommandStep.complete(
        .unavailable(reason: "the node in ZooKeeper changed again and again; ask again"))

    static let unexpectedAnswer = CommandStep.complete(
        .unavailable(reason: "ZooKeeper answered something else than it was asked"))
}
