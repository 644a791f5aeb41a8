/// Requests one at a time, for tools and tests: each waits for its answer.
extension ZooKeeperClient {
    /// Creates a node.
    public func create(
        _ path: String, data: [UInt8] = [], mode: ZooKeeperCreateMode = .persistent
    ) async throws(ZooKeeperError) {
        _ = try await perform(.create(path: path, data: data, mode: mode))
    }

    /// Creates a persistent node without data, and its ancestors, as far as they do not exist.
    public func createMissing(_ path: String) async throws(ZooKeeperError) {
        var ancestor = ""
        for name in path.split(separator: "/") {
            ancestor += "/\(name)"
            do {
                try await create(ancestor)
            } catch .nodeExists {}
        }
    }

    /// Reads a node's data.
    public func get(_ path: String) async throws(ZooKeeperError) -> (data: [UInt8], status: ZooKeeperNodeStatus) {
        guard case .data(let data, let status) = try await perform(.get(path: path)) else { throw .marshalling }
        return (data, status)
    }

    /// Replaces a node's data and returns its new version.
    @discardableResult
    public func set(
        _ path: String, data: [UInt8], expectedVersion: ZooKeeperVersion? = nil
    ) async throws(ZooKeeperError) -> ZooKeeperVersion {
        let answer = try await perform(.set(path: path, data: data, expectedVersion: expectedVersion))
        guard case .dataSet(let status) = answer else { throw .marshalling }
        return status.version
    }

    /// Deletes a node.
    public func delete(_ path: String, expectedVersion: ZooKeeperVersion? = nil) async throws(ZooKeeperError) {
        _ = try await perform(.delete(path: path, expectedVersion: expectedVersion))
    }

    /// Lists a node's children, sorted by name. A change is told to the sink if `watch` is set.
    public func children(of path: String, watch: Bool = false) async throws(ZooKeeperError) -> [String] {
        guard case .children(let names, _) = try await perform(.children(path: path, watch: watch)) else {
            throw .marshalling
        }
        return names.sorted()
    }

    /// The status of a node; `nil` if it does not exist.
    public func exists(_ path: String) async throws(ZooKeeperError) -> ZooKeeperNodeStatus? {
        guard case .exists(let status) = try await perform(.exists(path: path)) else { throw .marshalling }
        return status
    }

    /// Lets our server catch up with the leader.
    public func sync(_ path: String = "/") async throws(ZooKeeperError) {
        _ = try await perform(.sync(path: path))
    }

    /// Does all of the operations or none.
    @discardableResult
    public func multi(_ operations: [ZooKeeperOperation]) async throws(ZooKeeperError) -> [ZooKeeperOperationResult] {
        guard case .multi(let results) = try await perform(.multi(operations)) else { throw .marshalling }
        return results
    }
}
