import SwitchboardClient
import SwitchboardCore
import SwitchboardProtocol

/// (d) and (g): how calls ended, and for whom.
extension HistoryChecker {
    mutating func checkOutcomes() {
        for (id, oracle) in oracles.sorted(by: { $0.key < $1.key }) {
            guard let outcome = CallOutcome(oracle, message: { sent($0, in: id) }) else { continue }
            for problem in outcome.problems { report("d", problem.device, id, problem.what) }
            checkGlare(id, oracle)
            checkReplacement(id, oracle)
        }
        checkPairs()
    }

    /// The winner of a glare is the other user's call to this one.
    private mutating func checkGlare(_ id: ConversationID, _ oracle: LogOracle) {
        guard let caller = oracle.caller else { return }
        for queued in oracle.queue(of: caller) {
            guard case .glare(let glare)? = queued.message.content else { continue }
            guard let winner = ConversationID(glare.winner).flatMap({ oracles[$0] }) else {
                report("pair", caller, id, "glare with a call that nobody knows")
                continue
            }
            if winner.caller?.user != oracle.callee || winner.callee != caller.user {
                report("pair", caller, id, "glare with a call of others")
            }
            if oracle.endReason != "glare" {
                report("pair", caller, id, "glare, and it ended \(oracle.endReason ?? "not")")
            }
        }
    }

    /// A call that was ended for another one: there is such a one.
    private mutating func checkReplacement(_ id: ConversationID, _ oracle: LogOracle) {
        guard oracle.endReason == "replaced", let pair = oracle.pair else { return }
        if !oracles.contains(where: { $0.key != id && $0.value.pair == pair }) {
            report("pair", nil, id, "replaced by no other call")
        }
    }

    /// Two users have one call at most. (While a run is under way an older one may be about to end.)
    private mutating func checkPairs() {
        var live: [PairKey: ConversationID] = [:]
        for (id, oracle) in oracles.sorted(by: { $0.key < $1.key }) where oracle.endReason == nil {
            guard let pair = oracle.pair else { continue }
            if let other = live.updateValue(id, forKey: pair) {
                report("pair", nil, id, "goes on, and so does \(other) of the same two")
            }
        }
    }
}

extension LogOracle {
    var pair: PairKey? {
        guard let caller, let callee else { return nil }
        return PairKey(caller.user, callee)
    }
}
