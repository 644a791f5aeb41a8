import ZooKeeperClient

/// ZooKeeper's tree in memory, as far as coordinators use it, with sessions, watches on children, and nothing lost.
struct SimulatedEnsemble {
    struct Node: Equatable {
        var data: [UInt8]
        var version: Int32 = 0
        var owner: ZooKeeperSessionID?
    }

    private(set) var nodes: [String: Node] = [:]
    private var watches: [String: Set<ZooKeeperSessionID>] = [:]
    /// Watches that have fired and whose sessions have not been told yet.
    private(set) var fired: [(session: ZooKeeperSessionID, path: String)] = []

    mutating func takeFired() -> [(session: ZooKeeperSessionID, path: String)] {
        defer { fired = [] }
        return fired
    }

    mutating func end(_ session: ZooKeeperSessionID) {
        for path in nodes.filter({ $0.value.owner == session }).keys.sorted() { remove(path) }
        for path in watches.keys { watches[path]?.remove(session) }
    }

    /// Carries out a request.
    mutating func perform(
        _ request: ZooKeeperRequest, in session: ZooKeeperSessionID
    ) -> Result<ZooKeeperResponse, ZooKeeperError> {
        do throws(ZooKeeperError) {
            return .success(try answer(request, session))
        } catch {
            return .failure(error)
        }
    }

    private mutating func answer(
        _ request: ZooKeeperRequest, _ session: ZooKeeperSessionID
    ) throws(ZooKeeperError) -> ZooKeeperResponse {
        switch request {
        case .create(let path, let data, let mode):
            try create(path, data, mode == .ephemeral ? session : nil)
            return .created
        case .get(let path):
            guard let node = nodes[path] else { throw .noNode }
            return .data(node.data, status(node))
        case .set(let path, let data, let expected):
            guard let node = nodes[path] else { throw .noNode }
            if let expected, expected != node.version { throw .badVersion }
            nodes[path]?.data = data
            nodes[path]?.version += 1
            return .dataSet(ZooKeeperNodeStatus(version: node.version + 1))
        case .delete(let path, let expected):
            try delete(path, expected)
            return .deleted
        case .children(let path, let watch):
            guard nodes[path] != nil else { throw .noNode }
            if watch { watches[path, default: []].insert(session) }
            return .children(children(of: path), ZooKeeperNodeStatus())
        case .exists(let path):
            return .exists(nodes[path].map(status))
        case .sync:
            return .synced
        case .multi(let operations):
            return try multi(operations, session)
        }
    }

    private mutating func multi(
        _ operations: [ZooKeeperOperation], _ session: ZooKeeperSessionID
    ) throws(ZooKeeperError) -> ZooKeeperResponse {
        let before = self
        var results: [ZooKeeperOperationResult] = []
        for (index, operation) in operations.enumerated() {
            do throws(ZooKeeperError) {
                switch operation {
                case .create(let path, let data, let mode):
                    try create(path, data, mode == .ephemeral ? session : nil)
                    results.append(.created)
                case .delete(let path, let expected):
                    try delete(path, expected)
                    results.append(.deleted)
                case .set, .check:
                    throw .marshalling
                }
            } catch {
                self = before
                throw .operationFailed(index: index, error)
            }
        }
        return .multi(results)
    }

    private mutating func create(
        _ path: String, _ data: [UInt8], _ owner: ZooKeeperSessionID?
    ) throws(ZooKeeperError) {
        let parent = parent(of: path)
        guard parent.isEmpty || nodes[parent] != nil else { throw .noNode }
        guard nodes[path] == nil else { throw .nodeExists }
        nodes[path] = Node(data: data, owner: owner)
        fire(parent)
    }

    private mutating func delete(_ path: String, _ expected: Int32?) throws(ZooKeeperError) {
        guard let node = nodes[path] else { throw .noNode }
        if let expected, expected != node.version { throw .badVersion }
        guard children(of: path).isEmpty else { throw .notEmpty }
        remove(path)
    }

    private mutating func remove(_ path: String) {
        nodes[path] = nil
        fire(parent(of: path))
    }

    private mutating func fire(_ path: String) {
        for session in (watches.removeValue(forKey: path) ?? []).sorted(by: { $0.rawValue < $1.rawValue }) {
            fired.append((session, path))
        }
    }

    func children(of path: String) -> [String] {
        nodes.keys.filter { $0.hasPrefix("\(path)/") && parent(of: $0) == path }
            .map { String($0.dropFirst(path.utf8.count + 1)) }
    }

    private func parent(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    }

    private func status(_ node: Node) -> ZooKeeperNodeStatus {
        ZooKeeperNodeStatus(version: node.version, ephemeralOwner: node.owner)
    }
}
