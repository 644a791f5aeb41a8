import SwitchboardCore
import ZooKeeperClient

/// Nodes of ended conversations are deleted, in transactions of bounded size, each node only at the version that was given.
///
/// A transaction fails as a whole and names the first node that has changed or is gone; the rest is tried again without it.
struct DeletionProgress: CommandProgress {
    private let tree: NodeTree
    private let batchSize: Int
    private var waiting: ArraySlice<ConversationClaim>
    private var batch: [ConversationClaim] = []

    init(_ claims: [ConversationClaim], in tree: NodeTree, batchSize: Int) {
        self.tree = tree
        self.batchSize = max(1, batchSize)
        waiting = claims[...]
    }

    mutating func begin() -> CommandStep {
        batch = Array(waiting.prefix(batchSize))
        waiting = waiting.dropFirst(batchSize)
        return askForBatch()
    }

    mutating func answered(_ answer: Result<ZooKeeperResponse, ZooKeeperError>) -> CommandStep {
        switch answer {
        case .success:
            return begin()
        case .failure(.operationFailed(let index, .noNode)), .failure(.operationFailed(let index, .badVersion)),
            .failure(.operationFailed(let index, .notEmpty)):
            guard batch.indices.contains(index) else { return .unexpectedAnswer }
            batch.remove(at: index)
            return batch.isEmpty ? begin() : askForBatch()
        case .failure(let error):
            return .giveUp(error)
        }
    }

    private func askForBatch() -> CommandStep {
        guard !batch.isEmpty else { return .complete(.done) }
        let operations = batch.map { claim in
            ZooKeeperOperation.delete(path: tree.path(of: claim.conversation), expectedVersion: claim.version)
        }
        return .ask(.multi(operations))
    }
}
