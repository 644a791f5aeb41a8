import PostgresClient
import SwitchboardCore

/// A command as it goes to the server, and how its answer is read.
struct PostgresQuery: Sendable {
    let batch: PostgresBatch
    /// Runs on the connection's thread: decoding logs is the store's work, not the core's.
    let read: @Sendable (BatchReport) throws -> StoreResult

    init(_ batch: PostgresBatch, read: @escaping @Sendable (BatchReport) throws -> StoreResult) {
        self.batch = batch
        self.read = read
    }

    /// What an outcome means. All these commands may be repeated, so a lost answer is not worth a name of its own: it is
    /// `.unavailable`, "try again".
    func result(of outcome: BatchOutcome) -> StoreResult {
        switch outcome {
        case .succeeded(let report):
            do {
                return try read(report)
            } catch let refusal as DataRefusal {
                return .refused(reason: refusal.reason)
            } catch let error as PostgresDecodingError {
                return .refused(reason: error.description)
            } catch {
                return .refused(reason: "\(error)")
            }
        case .failed(let failure) where failure.error.sqlState.isDataError:
            return .refused(reason: failure.error.description)
        case .failed(let failure): return .unavailable(reason: failure.description)
        case .unknown(let reason): return .unavailable(reason: reason.description)
        case .notExecuted(let reason): return .unavailable(reason: reason.description)
        }
    }
}
