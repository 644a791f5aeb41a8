import NIOConcurrencyHelpers

/// Whether the node should get clients, and if not, why.
final class Readiness: Sendable {
    private struct State {
        var coordinator = false
        var isServing = false
    }

    private let state = NIOLockedValueBox(State())

    func coordinator(isAvailable: Bool) { state.withLockedValue { $0.coordinator = isAvailable } }
    func serving(_ isServing: Bool) { state.withLockedValue { $0.isServing = isServing } }

    /// Empty: ready.
    func problems(storeProblems: [String], isStoreHealthy: Bool, isDraining: Bool) -> [String] {
        var problems = storeProblems.map { "store: \($0)" }
        let state = state.withLockedValue { $0 }
        if !state.isServing { problems.append("starting") }
        if !state.coordinator { problems.append("coordinator: no session, elections wait") }
        if !isStoreHealthy, problems.isEmpty { problems.append("store: no commit succeeds") }
        if isDraining { problems.append("draining") }
        return problems
    }
}
