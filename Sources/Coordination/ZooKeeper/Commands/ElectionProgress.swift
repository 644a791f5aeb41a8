import SwitchboardCore
import SwitchboardProtocol
import ZooKeeperClient

/// A conversation's node is created, claimed or read.
///
/// When the answer to a write is lost, the write may have been carried out. The node is read back through the same session,
/// behind a sync: a session that has moved to another server cannot be overtaken by its own earlier requests, so what is read
/// then is final. If it shows what this command would have written, at the version at which it would have written it, the
/// election is won; if it shows the state before, the write is done again.
struct ElectionProgress: CommandProgress {
    enum Goal: Sendable {
        case create(leader: Incarnation)
        case claim(leader: Incarnation, version: Int32)
        case read(sync: Bool)
    }

    private enum Stage {
        case creating, creatingBucket, setting, syncing, reading
    }

    /// Enough for some lost answers and races; a command that needs more would better be asked anew.
    private static let maximumRequests = 16

    private let goal: Goal
    private let path: String
    private let bucket: String
    private var stage = Stage.reading
    private var requests = 0
    /// A write was sent whose answer is lost.
    private var isInDoubt = false

    init(_ goal: Goal, _ conversation: ConversationID, in tree: NodeTree) {
        self.goal = goal
        path = tree.path(of: conversation)
        bucket = tree.bucket(of: conversation)
    }

    mutating func begin() -> CommandStep {
        switch goal {
        case .create: enter(.creating)
        case .claim: enter(.setting)
        case .read(let sync): enter(sync ? .syncing : .reading)
        }
    }

    mutating func answered(_ answer: Result<ZooKeeperResponse, ZooKeeperError>) -> CommandStep {
        switch (stage, answer) {
        case (_, .failure(.connectionLoss)), (_, .failure(.operationTimeout)):
            return answerLost()

        case (.creating, .success): return .complete(.won(version: 0))
        case (.creating, .failure(.nodeExists)): return enter(.reading)
        case (.creating, .failure(.noNode)): return enter(.creatingBucket)

        case (.creatingBucket, .success), (.creatingBucket, .failure(.nodeExists)): return enter(.creating)

        case (.setting, .success(.dataSet(let status))): return .complete(.won(version: status.version))
        case (.setting, .failure(.badVersion)): return enter(.reading)
        case (.setting, .failure(.noNode)): return .complete(.absent)

        case (.syncing, .success): return enter(.reading)

        case (.reading, .success(.data(let bytes, let status))): return found(bytes, version: status.version)
        case (.reading, .failure(.noNode)): return foundNothing()

        case (_, .success): return .unexpectedAnswer
        case (_, .failure(let error)): return .giveUp(error)
        }
    }

    // MARK: What was read

    private mutating func found(_ bytes: [UInt8], version: Int32) -> CommandStep {
        guard let text = String(validating: bytes, as: UTF8.self), let leader = Incarnation(text) else {
            return .complete(.unavailable(reason: "\(path) does not name an incarnation; delete it"))
        }
        switch goal {
        case .create(let wanted) where isInDoubt && leader == wanted && version == 0:
            return .complete(.won(version: 0))
        case .claim(let wanted, let from) where isInDoubt && leader == wanted && version == from &+ 1:
            return .complete(.won(version: version))
        case .claim(_, let from) where version == from:
            return enter(.setting)
        case .create, .claim, .read:
            return .complete(.leads(leader, version: version))
        }
    }

    private mutating func foundNothing() -> CommandStep {
        switch goal {
        case .create: enter(.creating)
        case .claim, .read: .complete(.absent)
        }
    }

    // MARK: What is asked

    private mutating func answerLost() -> CommandStep {
        if stage == .creating || stage == .setting { isInDoubt = true }
        guard case .ask(let request) = enter(.syncing) else { return .giveUpAtBound }
        return .askWhenReconnected(request)
    }

    private mutating func enter(_ stage: Stage) -> CommandStep {
        guard requests < Self.maximumRequests else { return .giveUpAtBound }
        requests += 1
        self.stage = stage
        switch stage {
        case .creating: return .ask(.create(path: path, data: wantedData, mode: .persistent))
        case .creatingBucket: return .ask(.create(path: bucket, data: [], mode: .persistent))
        case .setting: return .ask(.set(path: path, data: wantedData, expectedVersion: expectedVersion))
        case .syncing: return .ask(.sync(path: path))
        case .reading: return .ask(.get(path: path))
        }
    }

    private var wantedData: [UInt8] {
        switch goal {
        case .create(let leader), .claim(let leader, _): Array(leader.text.utf8)
        case .read: []
        }
    }

    private var expectedVersion: ZooKeeperVersion? {
        if case .claim(_, let version) = goal { version } else { nil }
    }
}
