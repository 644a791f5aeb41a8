import CZooKeeper
import Testing

@testable import ZooKeeperClient

@Suite("Results of a multi")
struct MultiResultsTests {
    private let notTried = ZRUNTIMEINCONSISTENCY.rawValue

    private func error(codes: [Int32], code: Int32) -> ZooKeeperError? {
        let results = MultiResults(codes.map { _ in .delete(path: "/a", expectedVersion: 1) })
        for (index, code) in codes.enumerated() { results.results[index].err = code }
        if case .failure(let error) = results.outcome(code: code) { return error }
        return nil
    }

    @Test("The culprit of a refused transaction is found")
    func culprit() {
        let code = ZBADVERSION.rawValue
        #expect(error(codes: [0, 0, code, notTried], code: code) == .operationFailed(index: 2, .badVersion))
        #expect(error(codes: [code], code: code) == .operationFailed(index: 0, .badVersion))
    }

    @Test("A lost connection is nobody's fault", arguments: [1, 3])
    func connectionLoss(count: Int) {
        let code = ZCONNECTIONLOSS.rawValue
        #expect(error(codes: Array(repeating: code, count: count), code: code) == .connectionLoss)
    }

    @Test("Success is told for each operation by its kind")
    func success() {
        let results = MultiResults([
            .create(path: "/a", data: [], mode: .persistent), .set(path: "/b", data: [], expectedVersion: 4),
            .delete(path: "/c", expectedVersion: nil), .check(path: "/d", expectedVersion: 1),
        ])
        results.statuses[1].version = 5
        #expect(
            results.outcome(code: ZOK.rawValue)
                == .success(.multi([.created, .dataSet(version: 5), .deleted, .checked])))
    }
}
