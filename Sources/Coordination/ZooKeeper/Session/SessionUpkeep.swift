import SwitchboardCore
import SwitchboardProtocol
import ZooKeeperClient

/// What a session must do besides commands: make the persistent nodes, register this node, list the members.
///
/// The stages follow each other; within one, all requests are in flight at once. The whole is done on every connection, for it
/// is cheap and repairs whatever happened meanwhile; after a change of the members only the listing is.
struct SessionUpkeep: Sendable {
    /// What one request is for.
    enum Errand: Hashable, Sendable {
        case trunk(path: String)
        case buckets
        case bucket(name: String)
        case ephemeral(path: String)
        case children
        case member(name: String)
    }

    /// What comes next.
    enum Step {
        /// Ask these; each answer comes back with its errand.
        case ask([(Errand, ZooKeeperRequest)])
        /// Answers are still missing.
        case wait
        /// The list of members stands.
        case finished
        /// It must be done again, from the start.
        case failed(reason: String)
    }

    private enum Stage {
        case idle, trunk, buckets, registration, listing
    }

    private(set) var table = MemberTable()
    /// Counts the runs, to tell the answers of an abandoned one.
    private(set) var run: UInt64 = 0
    /// Names of nodes whose data could not be understood, for the log.
    private(set) var unreadable: [String] = []

    private let tree: NodeTree
    private let incarnation: Incarnation
    private let record: [UInt8]
    private var stage = Stage.idle
    private var outstanding: Set<Errand> = []
    private var ephemerals: [String: EphemeralProgress] = [:]
    private var session: ZooKeeperSessionID?
    private var markers: Set<NodeMarker> = []
    /// The members changed while they were being read.
    private var isOutdated = false

    init(tree: NodeTree, incarnation: Incarnation, member: NodeMember) {
        self.tree = tree
        self.incarnation = incarnation
        record = MemberRecord(member).encoded
    }

    var isIdle: Bool { stage == .idle }

    // MARK: Inputs

    /// Does all of it, in this session and with these markers. What was under way is abandoned.
    mutating func begin(session: ZooKeeperSessionID, markers: Set<NodeMarker>) -> Step {
        self.session = session
        self.markers = markers
        run += 1
        isOutdated = false
        // The list is asked for in the same breath: requests of a session are served in their order.
        let trunk = tree.trunk.map { (Errand.trunk(path: $0), ZooKeeperRequest.create(path: $0)) }
        return enter(.trunk, trunk + [(.buckets, .children(path: tree.conversations, watch: false))])
    }

    /// The connection is lost, or the session.
    mutating func abandon() {
        run += 1
        enter(.idle)
    }

    /// The watch on the members has fired.
    mutating func membersChanged() -> Step {
        guard isIdle else {
            isOutdated = true
            return .wait
        }
        run += 1
        return list()
    }

    mutating func answered(_ errand: Errand, _ answer: Result<ZooKeeperResponse, ZooKeeperError>) -> Step {
        guard outstanding.remove(errand) != nil else { return .wait }
        switch (errand, answer) {
        case (.trunk, .success), (.trunk, .failure(.nodeExists)),
            (.bucket, .success), (.bucket, .failure(.nodeExists)):
            return proceed()
        case (.buckets, .success(.children(let names, _))):
            return fillBuckets(existing: names)
        case (.ephemeral(let path), _):
            return ephemeralAnswered(path, answer)
        case (.children, .success(.children(let names, _))):
            let missing = table.listed(names)
            return missing.isEmpty
                ? proceed() : ask(missing.map { (.member(name: $0), .get(path: tree.path(ofChild: $0))) })
        case (.member(let name), .success(.data(let bytes, _))):
            if !table.read(name, bytes) { unreadable.append(name) }
            return proceed()
        case (.member(let name), .failure(.noNode)):
            table.vanished(name)
            return proceed()
        case (_, .success):
            return fail("ZooKeeper answered something else than it was asked")
        case (_, .failure(let error)):
            return fail(error.description)
        }
    }

    /// Hands over what ``unreadable`` holds.
    mutating func takeUnreadable() -> [String] {
        defer { unreadable = [] }
        return unreadable
    }

    /// Whether the list shows this node's own registration and exactly these markers.
    func isRegistered(with markers: Set<NodeMarker>) -> Bool {
        table.contains(incarnation.text)
            && NodeMarker.allCases.allSatisfy {
                table.contains(NodeTree.name(of: $0, beside: incarnation)) == markers.contains($0)
            }
    }

    // MARK: Stages

    /// All answers of a stage are there: goes on to the next.
    private mutating func proceed() -> Step {
        guard outstanding.isEmpty else { return .wait }
        switch stage {
        case .idle:
            return .wait
        case .trunk, .buckets:
            return register()
        case .registration:
            return list()
        case .listing:
            if isOutdated { return list() }
            enter(.idle)
            return .finished
        }
    }

    /// The trunk was asked for before the list, and so has been answered before it.
    private mutating func fillBuckets(existing names: [String]) -> Step {
        let missing = Set(NodeTree.bucketNames).subtracting(names).sorted()
        guard !missing.isEmpty else { return proceed() }
        return enter(.buckets, missing.map { (.bucket(name: $0), .create(path: tree.bucket(named: $0))) })
    }

    private mutating func register() -> Step {
        guard let session else { return fail("no session") }
        ephemerals = [
            tree.path(of: incarnation): EphemeralProgress(
                .present(data: record, owner: session), path: tree.path(of: incarnation))
        ]
        for marker in NodeMarker.allCases {
            let path = tree.path(of: marker, beside: incarnation)
            ephemerals[path] = EphemeralProgress(
                markers.contains(marker) ? .present(data: [], owner: session) : .absent, path: path)
        }
        var requests: [(Errand, ZooKeeperRequest)] = []
        for path in ephemerals.keys.sorted() {
            if case .ask(let request)? = ephemerals[path]?.begin() {
                requests.append((.ephemeral(path: path), request))
            }
        }
        return enter(.registration, requests)
    }

    private mutating func ephemeralAnswered(
        _ path: String, _ answer: Result<ZooKeeperResponse, ZooKeeperError>
    ) -> Step {
        switch ephemerals[path]?.answered(answer) {
        case .ask(let request)?, .askWhenReconnected(let request)?: ask([(.ephemeral(path: path), request)])
        case .complete(.unavailable(let reason))?: fail(reason)
        case .complete?, nil: proceed()
        }
    }

    private mutating func list() -> Step {
        isOutdated = false
        return enter(.listing, [(.children, .children(path: tree.nodes, watch: true))])
    }

    // MARK: Ways to go on

    @discardableResult
    private mutating func enter(_ stage: Stage, _ requests: [(Errand, ZooKeeperRequest)] = []) -> Step {
        self.stage = stage
        outstanding = []
        return ask(requests)
    }

    private mutating func ask(_ requests: [(Errand, ZooKeeperRequest)]) -> Step {
        outstanding.formUnion(requests.map(\.0))
        return .ask(requests)
    }

    private mutating func fail(_ reason: String) -> Step {
        abandon()
        return .failed(reason: reason)
    }
}

extension ZooKeeperRequest {
    /// Creates a persistent node without data.
    fileprivate static func create(path: String) -> ZooKeeperRequest {
        .create(path: path, data: [], mode: .persistent)
    }
}
