import SwitchboardCore
import ZooKeeperClient

/// An ephemeral node of this incarnation is to be there and to belong to the present session, or is to be gone.
///
/// One that stands there already may belong to an earlier session of this same incarnation, and would vanish with it. It is
/// replaced in one transaction, so that nobody who lists the nodes meanwhile takes this node for dead.
struct EphemeralProgress: CommandProgress {
    enum Goal: Sendable {
        case present(data: [UInt8], owner: ZooKeeperSessionID)
        case absent
    }

    private enum Stage {
        case creating, looking, replacing, deleting
    }

    /// Only leftovers of one's own earlier sessions can be in the way, so few are ever needed.
    private static let maximumRequests = 8

    private let goal: Goal
    private let path: String
    private var stage = Stage.creating
    private var requests = 0

    init(_ goal: Goal, path: String) {
        self.goal = goal
        self.path = path
    }

    mutating func begin() -> CommandStep {
        switch goal {
        case .present(let data, _): ask(.create(path: path, data: data, mode: .ephemeral), in: .creating)
        case .absent: ask(.delete(path: path, expectedVersion: nil), in: .deleting)
        }
    }

    mutating func answered(_ answer: Result<ZooKeeperResponse, ZooKeeperError>) -> CommandStep {
        switch (stage, answer) {
        case (.looking, .success(.exists(let status))):
            return looked(status)
        case (.creating, .success), (.replacing, .success), (.deleting, .success), (.deleting, .failure(.noNode)):
            return .complete(.done)
        case (.creating, .failure(.nodeExists)),
            (.replacing, .failure(.operationFailed(_, .noNode))),
            (.replacing, .failure(.operationFailed(_, .badVersion))):
            return ask(.exists(path: path), in: .looking)
        case (_, .success):
            return .unexpectedAnswer
        case (_, .failure(let error)):
            return .giveUp(error)
        }
    }

    private mutating func looked(_ status: ZooKeeperNodeStatus?) -> CommandStep {
        guard case .present(let data, let owner) = goal, let status else { return begin() }
        if status.ephemeralOwner == owner { return .complete(.done) }
        return ask(
            .multi([
                .delete(path: path, expectedVersion: status.version),
                .create(path: path, data: data, mode: .ephemeral),
            ]), in: .replacing)
    }

    private mutating func ask(_ request: ZooKeeperRequest, in stage: Stage) -> CommandStep {
        guard requests < Self.maximumRequests else { return .giveUpAtBound }
        requests += 1
        self.stage = stage
        return .ask(request)
    }
}
