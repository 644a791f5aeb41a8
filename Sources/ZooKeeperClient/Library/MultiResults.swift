import CZooKeeper

/// The memory into which C writes the results of a multi.
///
/// C keeps pointers to it from the call until the completion, so it is kept by the session until the completion has come or the
/// handle is closed, even when the request itself was failed before.
///
/// `@unchecked Sendable`: written and then read by the library's callback thread alone, and freed after that.
final class MultiResults: @unchecked Sendable {
    private let operations: [ZooKeeperOperation]
    let results: UnsafeMutablePointer<zoo_op_result_t>
    let statuses: UnsafeMutablePointer<Stat>

    init(_ operations: [ZooKeeperOperation]) {
        self.operations = operations
        results = .allocate(capacity: operations.count)
        results.initialize(repeating: zoo_op_result_t(), count: operations.count)
        statuses = .allocate(capacity: operations.count)
        statuses.initialize(repeating: Stat(), count: operations.count)
    }

    deinit {
        results.deallocate()
        statuses.deallocate()
    }

    /// What C has written, once the completion has come with `code`.
    func outcome(code: Int32) -> Result<ZooKeeperResponse, ZooKeeperError> {
        guard code != ZOK.rawValue else { return .success(.multi(operations.indices.map(result))) }
        return .failure(error(code: code))
    }

    private func result(_ index: Int) -> ZooKeeperOperationResult {
        switch operations[index] {
        case .create: .created
        case .set: .dataSet(version: statuses[index].version)
        case .delete: .deleted
        case .check: .checked
        }
    }

    /// A refused transaction has the code at the culprit, ZOK before it, and ZRUNTIMEINCONSISTENCY behind it. When all of it
    /// failed for another reason (the connection is lost), every operation has the same code.
    private func error(code: Int32) -> ZooKeeperError {
        let error = ZooKeeperError(code: code)
        let codes = operations.indices.map { results[$0].err }
        let sharedByAll = codes.count > 1 && codes.allSatisfy { $0 == code }
        guard !error.outcomeIsUnknown, !sharedByAll, let culprit = codes.firstIndex(of: code) else { return error }
        return .operationFailed(index: culprit, error)
    }
}
