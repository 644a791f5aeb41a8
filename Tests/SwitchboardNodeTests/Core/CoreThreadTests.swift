import NIOConcurrencyHelpers
import SwiftProtobuf
import SwitchboardCore
import SwitchboardProtocol
import Testing

@testable import SwitchboardNode

@Suite("CoreThread")
struct CoreThreadTests {
    @Test("Events are handled in order, on one thread, and their actions performed")
    func order() async throws {
        let core = RunningCore()
        core.thread.start()
        let hellos = (1...200).map { NodeEvent.hello(ConnectionID($0), user: "u\($0)") }
        for hello in hellos { core.thread.post([hello]) }
        try await eventually { core.welcomed.count == 200 }
        #expect(core.welcomed == (1...200).map { ConnectionID($0) })
        #expect(await core.thread.ask { $0.figures.sessions } == 200)
        core.thread.stop()
    }

    @Test("Events of several threads all arrive, those of each in order")
    func manyThreads() async throws {
        let core = RunningCore()
        core.thread.start()
        await withTaskGroup(of: Void.self) { tasks in
            for task in 0..<4 {
                tasks.addTask {
                    for number in 0..<500 {
                        let id = ConnectionID(UInt64(task * 1000 + number))
                        core.thread.post([.hello(id, user: "u\(id)")])
                    }
                }
            }
        }
        try await eventually { core.welcomed.count == 2000 }
        for task in 0..<4 {
            let own = core.welcomed.filter { Int($0.number) / 1000 == task }
            #expect(own == own.sorted())
        }
        core.thread.stop()
    }

    @Test("What came before the start waits for it, and is counted meanwhile")
    func early() async throws {
        let core = RunningCore()
        #expect(core.thread.post([.hello(ConnectionID(1), user: "a")]) == 1)
        #expect(core.thread.post([.ticked, .ticked]) == 3)
        #expect(core.thread.waiting == 3)
        core.thread.start()
        try await eventually { core.welcomed == [ConnectionID(1)] }
        #expect(core.thread.waiting == 0)
        core.thread.stop()
    }

    @Test("It wakes by itself for the core's timers")
    func timers() async throws {
        let core = RunningCore()
        core.thread.start()
        // The core looks after its store twice a second; without one it never becomes healthy, and says nothing.
        let before = await core.thread.ask { $0.nextTimer } ?? nil
        try await eventually { await core.thread.ask { $0.nextTimer } ?? nil != before }
        core.thread.stop()
    }

    @Test("After the stop nothing is performed, and questions are answered with nil instead of never")
    func stop() async throws {
        let core = RunningCore()
        core.thread.start()
        core.thread.post([.hello(ConnectionID(1), user: "a")])
        try await eventually { core.welcomed.count == 1 }
        core.thread.stop()
        core.thread.post([.hello(ConnectionID(2), user: "b")])
        #expect(await core.thread.ask { $0.figures.sessions } == nil)
        #expect(core.welcomed == [ConnectionID(1)])
    }
}
