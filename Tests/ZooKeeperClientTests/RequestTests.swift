import LocalCluster
import Synchronization
import Testing
import ZooKeeperClient

@Suite("ZooKeeperClient requests (real server, shared)", .timeLimit(.minutes(2)))
struct RequestTests {
    @Test("One of many creators wins")
    func createRace() async throws {
        let root = try await SharedServer.root()
        let clients = try await connect(8, to: root)
        let outcomes = await withTaskGroup { group in
            for (index, test) in clients.enumerated() {
                group.addTask { () -> Result<ZooKeeperResponse, ZooKeeperError> in
                    await Result { () async throws(ZooKeeperError) in
                        try await test.client.perform(.create(path: "/x", data: [UInt8(index)], mode: .persistent))
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.count { $0 == .success(.created) } == 1)
        #expect(outcomes.count { $0 == .failure(.nodeExists) } == 7)
        await close(clients)
    }

    @Test("Of writers that read the same version one wins")
    func versionedSetRace() async throws {
        let clients = try await connect(4, to: SharedServer.root())
        let first = clients[0].client
        try await first.create("/x", data: [1])
        let version = try await first.get("/x").status.version
        let outcomes = await withTaskGroup { group in
            for (index, test) in clients.enumerated() {
                group.addTask { () -> ZooKeeperError? in
                    do throws(ZooKeeperError) {
                        try await test.client.set("/x", data: [UInt8(10 + index)], expectedVersion: version)
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.count { $0 == nil } == 1)
        #expect(outcomes.count { $0 == .badVersion } == 3)
        try await first.sync()
        let (data, status) = try await first.get("/x")
        #expect(status.version == version + 1)
        #expect(data.count == 1 && data[0] >= 10)
        await close(clients)
    }

    @Test("Errors tell what is wrong, and each answer what was asked for")
    func answersAndErrors() async throws {
        let test = try await TestClient.connect(SharedServer.root())
        let client = test.client
        try await client.createMissing("/a/b")
        try await client.createMissing("/a/b")
        try await client.create("/a/e", data: [1, 2], mode: .ephemeral)

        await expectError(.noNode) { () async throws(ZooKeeperError) in _ = try await client.get("/none") }
        await expectError(.noNode) { () async throws(ZooKeeperError) in try await client.create("/none/x") }
        await expectError(.nodeExists) { () async throws(ZooKeeperError) in try await client.create("/a") }
        await expectError(.notEmpty) { () async throws(ZooKeeperError) in try await client.delete("/a") }
        await expectError(.badVersion) { () async throws(ZooKeeperError) in
            try await client.delete("/a/b", expectedVersion: 3)
        }
        await expectError(.parentIsEphemeral) { () async throws(ZooKeeperError) in try await client.create("/a/e/x") }

        let (data, status) = try await client.get("/a/e")
        #expect(data == [1, 2])
        guard case .session(.connected(let session, let timeout)) = test.recorder.events.first else {
            Issue.record("the first event is not a connection")
            return
        }
        #expect(status.ephemeralOwner == session)
        #expect(timeout == .seconds(10))
        #expect(try await client.get("/a/b").data == [])
        #expect(try await client.exists("/none") == nil)
        let parent = try #require(try await client.exists("/a"))
        #expect(parent.childCount == 2)
        #expect(parent.childrenVersion == 2)
        #expect(parent.ephemeralOwner == nil)
        #expect(try await client.children(of: "/a") == ["b", "e"])
        #expect(try await client.set("/a/b", data: [7]) == 1)
        #expect(try await client.set("/a/b", data: [], expectedVersion: 1) == 2)
        #expect(try await client.get("/a/b").data == [])
        try await client.delete("/a/b", expectedVersion: 2)
        #expect(try await client.children(of: "/a") == ["e"])
        await client.close()
    }

    @Test("Answers come in the order of the requests, failures among them")
    func ordered() async throws {
        let test = try await TestClient.connect(SharedServer.root())
        try test.submit(
            (0..<500).map { index in
                switch index % 4 {
                case 0: .create(path: "/\(index)", data: [], mode: .persistent)
                case 1: .get(path: "/\(index - 1)")
                case 2: .get(path: "/none")
                default: .children(path: "/", watch: false)
                }
            })
        try await test.recorder.wait(until: "all are answered") { $0.answers.count == 500 }
        #expect(test.recorder.answers.map(\.id) == Array(0..<500))
        #expect(test.recorder.answers.count { $0.result == .failure(.noNode) } == 125)
        await test.client.close()
    }

    @Test("A multi of a hundred deletes does all, or none when one version is wrong")
    func multi() async throws {
        let test = try await TestClient.connect(SharedServer.root())
        let client = test.client
        let deletes = (0..<100).map { ZooKeeperOperation.delete(path: "/n\($0)", expectedVersion: 0) }
        let creates = (0..<100).map {
            ZooKeeperOperation.create(path: "/n\($0)", data: [UInt8($0)], mode: .persistent)
        }
        #expect(try await client.multi(creates) == Array(repeating: .created, count: 100))
        #expect(try await client.get("/n99").data == [99])
        try await client.set("/n42", data: [0])

        await expectError(.operationFailed(index: 42, .badVersion)) { () async throws(ZooKeeperError) in
            try await client.multi(deletes)
        }
        #expect(try await client.children(of: "/").count == 100)

        let mixed = try await client.multi([
            .check(path: "/n1", expectedVersion: 0), .set(path: "/n42", data: [1, 2], expectedVersion: 1),
            .check(path: "/n2", expectedVersion: nil),
        ])
        #expect(mixed == [.checked, .dataSet(version: 2), .checked])
        #expect(try await client.get("/n42").data == [1, 2])

        let all = (0..<100).map { ZooKeeperOperation.delete(path: "/n\($0)", expectedVersion: $0 == 42 ? 2 : 0) }
        #expect(try await client.multi(all) == Array(repeating: .deleted, count: 100))
        #expect(try await client.children(of: "/") == [])
        #expect(try await client.multi([]) == [])
        await client.close()
    }

    @Test("A change of children is told once, under the client's own path, before any answer that shows it")
    func childrenWatch() async throws {
        let root = try await SharedServer.root()
        let clients = try await connect(2, to: root)
        let (watcher, writer) = (clients[0], clients[1])
        try await writer.client.create("/p")
        #expect(try await watcher.client.children(of: "/p", watch: true) == [])
        try await writer.client.create("/p/a")
        try await writer.client.create("/p/b")

        // Asks until an answer shows the change; the sink sees those answers too.
        var asked: UInt64 = 0
        try await watcher.recorder.wait(until: "an answer shows both") { recorder in
            if recorder.answers.count == asked {
                try? watcher.client.submit(
                    .children(path: "/p", watch: false), id: ZooKeeperRequestID(rawValue: asked))
                asked += 1
            }
            return recorder.events.contains { children(in: $0)?.count == 2 }
        }
        let events = watcher.recorder.events
        let told = try #require(events.firstIndex(of: .childrenChanged(path: "/p")))
        let shown = try #require(events.firstIndex { children(in: $0)?.isEmpty == false })
        #expect(told < shown)
        #expect(watcher.recorder.changes(of: "/p") == 1)

        #expect(try await watcher.client.children(of: "/p", watch: true) == ["a", "b"])
        try await writer.client.multi([
            .delete(path: "/p/a", expectedVersion: nil), .delete(path: "/p/b", expectedVersion: nil),
            .delete(path: "/p", expectedVersion: nil),
        ])
        try await watcher.recorder.wait(until: "the deletion is told") { $0.changes(of: "/p") == 2 }
        await close(clients)
    }

    @Test("The sink may make requests, and so follow the children by itself")
    func requestsFromSink() async throws {
        let root = try await SharedServer.root()
        let holder = Mutex<ZooKeeperClient?>(nil)
        let recorder = EventRecorder()
        let watching = try ZooKeeperClient(ZooKeeperConfiguration(hosts: root)) { event in
            recorder.sink(event)
            guard case .childrenChanged(let path) = event, let client = holder.withLock({ $0 }) else { return }
            try? client.submit(.children(path: path, watch: true), id: ZooKeeperRequestID(rawValue: 1))
        }
        holder.withLock { $0 = watching }
        let writer = try await TestClient.connect(root).client
        _ = try await watching.children(of: "/", watch: true)
        for index in 1...5 {
            try await writer.create("/\(index)")
            try await recorder.wait(until: "child \(index) is seen") { recorder in
                recorder.events.contains { children(in: $0)?.count == index }
            }
        }
        #expect(recorder.changes(of: "/") == 5)
        holder.withLock { $0 = nil }
        await watching.close()
        await writer.close()
    }

    @Test("An ephemeral node vanishes at once when its session is closed")
    func ephemeralOfClosedSession() async throws {
        let root = try await SharedServer.root()
        let clients = try await connect(2, to: root)
        let (owner, observer) = (clients[0], clients[1])
        try await owner.client.create("/e", mode: .ephemeral)
        #expect(try await observer.client.children(of: "/", watch: true) == ["e"])
        await owner.client.close()
        // The session lasts ten seconds: this would be too early for its timeout.
        try await observer.recorder.wait(until: "it is gone", within: .seconds(5)) { $0.changes(of: "/") == 1 }
        #expect(try await observer.client.exists("/e") == nil)
        #expect(owner.recorder.events.last == .session(.closed))
        await observer.client.close()
    }

    private func connect(_ count: Int, to root: String) async throws -> [TestClient] {
        var clients: [TestClient] = []
        for _ in 0..<count { clients.append(try await TestClient.connect(root)) }
        return clients
    }

    private func close(_ clients: [TestClient]) async {
        for test in clients { await test.client.close() }
    }
}

/// The names in an answer that lists children.
private func children(in event: ZooKeeperEvent) -> [String]? {
    if case .completed(_, .success(.children(let names, _))) = event { names } else { nil }
}

extension Result where Failure == ZooKeeperError {
    fileprivate init(_ body: () async throws(ZooKeeperError) -> Success) async {
        do throws(ZooKeeperError) {
            self = .success(try await body())
        } catch {
            self = .failure(error)
        }
    }
}
