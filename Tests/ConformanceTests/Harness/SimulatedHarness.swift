import ConversationStore
import Dispatch
import StoreTestSupport
import SwitchboardCore
import SwitchboardProtocol
import Synchronization

@testable import SwitchboardTestKit

/// The simulator's store without its bad days: what simulations conclude holds for real stores only if it keeps the same
/// rules.
final class SimulatedHarness: StoreHarness {
    private let store: ContentsStore
    private let first: StoreClient

    init() throws {
        let opened = Mutex<ContentsStore?>(nil)
        first = StoreClient("first") { events in
            let store = ContentsStore(events: events)
            opened.withLock { $0 = store }
            return store
        }
        guard let store = opened.withLock({ $0 }) else { throw HarnessError.notOpened }
        self.store = store
    }

    func node(_ name: String) async throws -> StoreClient {
        StoreClient(name, sharing: first)
    }

    func outbox(_ name: String) async throws -> any PushOutbox {
        store.outbox()
    }

    func advanceDays(_ days: Int) async throws {
        store.advance(.seconds(86_400 * days))
    }

    func close() async throws {}
}

/// The simulator's tables behind the port, in the time of this machine.
private final class ContentsStore: ConversationStore {
    private struct State {
        var contents = StoreContents()
        var shift = Duration.zero
    }

    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "simulated store")
    private let events: StoreEventHandler

    init(events: @escaping StoreEventHandler) {
        self.events = events
    }

    func advance(_ duration: Duration) {
        state.withLock { $0.shift += duration }
    }

    func outbox() -> MemoryPushOutbox {
        MemoryPushOutbox(
            access: { [self] body in state.withLock { body(&$0.contents.pushes) } },
            now: { [self] in StoreClock.system.now() + state.withLock(\.shift) })
    }

    func submit(_ command: StoreCommand, id: StoreRequestID) {
        queue.async { [self] in
            let result = state.withLock { state in
                Self.execute(command, &state.contents, now: StoreClock.system.now() + state.shift)
            }
            events(.completed(id, result))
        }
    }

    private static func execute(
        _ command: StoreCommand, _ contents: inout StoreContents, now: Duration
    ) -> StoreResult {
        switch command {
        case .commit(let batch): return .committed(contents.commit(batch, at: now, fence: .whole))
        case .load(let conversation): return .loaded(contents.load(conversation, at: now))
        case .readLog(let conversation, let range): return .read(contents.read(conversation, range, at: now))
        case .announce(let rows):
            contents.announce(rows)
            return .announced(contents.liveConversations(of: Set(rows.map(\.key.address.user))))
        case .withdraw(let keys): contents.withdraw(keys)
        case .forget(let incarnation): contents.forget(incarnation)
        case .readPresence(let users): return .presence(contents.readPresence(users))
        case .readOwnPresence(let incarnation): return .presence(contents.readOwnPresence(incarnation))
        case .readPresentIncarnations: return .incarnations(contents.presentIncarnations)
        case .scanOrphans(let living, let slice, let slices, let grace, let limit):
            contents.dropCommands()
            return .orphans(
                contents.orphans(
                    living: living, slice: slice, slices: slices, grace: grace, limit: limit, at: now))
        case .collect(let age, let limit): contents.collect(endedBefore: age, limit: limit, at: now)
        case .readFeatureLevel: return .featureLevel(contents.featureLevel)
        case .terminateSessions, .probe: break
        }
        return .done
    }
}
