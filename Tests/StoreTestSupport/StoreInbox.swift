import SwitchboardCore
import Synchronization

/// Matches completions with those who wait for them.
final class StoreInbox: Sendable {
    private enum Slot {
        case open
        case awaited(CheckedContinuation<StoreResult, Never>)
        case complete(StoreResult)
        case done
    }

    private struct State {
        var last: UInt64 = 0
        var slots: [StoreRequestID: Slot] = [:]
        var journal: [StoreOccurrence] = []
        var strays: [StoreRequestID] = []
    }

    private let state = Mutex(State())

    var journal: [StoreOccurrence] { state.withLock { $0.journal } }
    var strays: [StoreRequestID] { state.withLock { $0.strays } }

    func open() -> StoreRequestID {
        state.withLock { state in
            state.last += 1
            let id = StoreRequestID(state.last)
            state.slots[id] = .open
            return id
        }
    }

    func isComplete(_ id: StoreRequestID) -> Bool {
        state.withLock { state in
            switch state.slots[id] {
            case .complete, .done: true
            case .open, .awaited, nil: false
            }
        }
    }

    func result(of id: StoreRequestID) async -> StoreResult {
        await withCheckedContinuation { continuation in
            let result: StoreResult? = state.withLock { state in
                if case .complete(let result)? = state.slots[id] {
                    state.slots[id] = .done
                    return result
                }
                state.slots[id] = .awaited(continuation)
                return nil
            }
            if let result { continuation.resume(returning: result) }
        }
    }

    func received(_ event: StoreEvent) {
        switch event {
        case .completed(let id, let result): completed(id, result)
        case .laneLost(let lane, _): state.withLock { $0.journal.append(.lost(lane)) }
        case .laneRestored(let lane): state.withLock { $0.journal.append(.restored(lane)) }
        }
    }

    private func completed(_ id: StoreRequestID, _ result: StoreResult) {
        let continuation: CheckedContinuation<StoreResult, Never>? = state.withLock { state in
            state.journal.append(.completed(id))
            switch state.slots[id] {
            case .open?:
                state.slots[id] = .complete(result)
                return nil
            case .awaited(let continuation)?:
                state.slots[id] = .done
                return continuation
            case .complete?, .done?, nil:
                state.strays.append(id)
                return nil
            }
        }
        continuation?.resume(returning: result)
    }
}
