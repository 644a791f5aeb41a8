/// Lets a number of tasks in at a time; others wait for their turn, or are turned away.
actor Turnstile {
    private var line: WaitingLine
    private var turns: [UInt64: CheckedContinuation<Bool, Never>] = [:]
    private var lastVisitor: UInt64 = 0

    init(capacity: Int, maximumWaiting: Int) {
        line = WaitingLine(capacity: capacity, maximumWaiting: maximumWaiting)
    }

    /// - Returns: true if the task is in and must `leave`; false if there is no room to wait, or it was cancelled meanwhile.
    func enter() async -> Bool {
        lastVisitor += 1
        let visitor = lastVisitor
        switch line.arrived(visitor) {
        case .inside: return true
        case .turnedAway: return false
        case .waiting:
            return await withTaskCancellationHandler {
                await withCheckedContinuation { turn in
                    // Cancelled already: nobody would call it.
                    if Task.isCancelled {
                        line.gaveUp(visitor)
                        turn.resume(returning: false)
                    } else {
                        turns[visitor] = turn
                    }
                }
            } onCancel: {
                Task { await giveUp(visitor) }
            }
        }
    }

    func leave() {
        guard let next = line.left() else { return }
        turns.removeValue(forKey: next)?.resume(returning: true)
    }

    /// No effect if its turn has come: then it is in, and leaves.
    private func giveUp(_ visitor: UInt64) {
        line.gaveUp(visitor)
        turns.removeValue(forKey: visitor)?.resume(returning: false)
    }
}
