import ClientTestSupport
import Foundation
import SwiftProtobuf
import SwitchboardClient
import SwitchboardProtocol
import Testing

@Suite("Outbox in a file")
struct FileOutboxStorageTests {
    /// A directory for one test.
    private struct Directory: ~Copyable {
        let url: URL

        init() throws {
            url = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        }

        var file: URL { url.appendingPathComponent("outbox") }

        deinit { try? FileManager.default.removeItem(at: url) }
    }

    @Test("gives back what was recorded, under the same id")
    func survives() throws {
        let directory = try Directory()
        let storage = FileOutboxStorage(url: directory.file)
        var expected = try storage.load()
        let changes: [OutboxChange] = [
            .connectionCounted(3), .appended(callA, number: 1, .info("one")), .appended(callA, number: 2, .info("two")),
            .appended(callB, number: 1, .info("other")), .accepted(callA, through: 1), .forgotten(callB),
        ]
        for change in changes {
            try storage.record(change)
            expected.apply(change)
        }
        #expect(expected.conversations[callA]?.unaccepted == [.info("two")])
        #expect(try FileOutboxStorage(url: directory.file).load() == expected)
        #expect(try FileOutboxStorage(url: directory.file).load() == expected, "loading writes the file anew")
    }

    @Test("an invite grows older while nobody runs")
    func inviteAges() throws {
        let directory = try Directory()
        let storage = FileOutboxStorage(url: directory.file)
        _ = try storage.load()
        try storage.record(.appended(callA, number: 1, .with { ($0.invite.callee, $0.invite.ageMs) = ("bob", 60_000) }))
        for _ in 1...2 {
            let invite = try FileOutboxStorage(url: directory.file).load().conversations[callA]?.unaccepted.first?
                .invite
            #expect(invite?.callee == "bob")
            #expect(try #require(invite).ageMs >= 60_000)
            #expect(try #require(invite).ageMs < 600_000)
        }
    }

    @Test("the device keeps its id as long as its outbox")
    func keepsDevice() throws {
        let directory = try Directory()
        let device = try FileOutboxStorage(url: directory.file).load().device
        #expect(device != nil)
        #expect(try FileOutboxStorage(url: directory.file).load().device == device)
        try FileManager.default.removeItem(at: directory.file)
        #expect(try FileOutboxStorage(url: directory.file).load().device != device)
    }

    @Test("a record that was cut off is as if it had not been written")
    func torn() throws {
        let directory = try Directory()
        let storage = FileOutboxStorage(url: directory.file)
        _ = try storage.load()
        try storage.record(.appended(callA, number: 1, .info("one")))
        let whole = try Data(contentsOf: directory.file)
        try storage.record(.appended(callA, number: 2, .info("two")))
        let both = try Data(contentsOf: directory.file)
        for length in whole.count..<both.count {
            try both.prefix(length).write(to: directory.file)
            let outbox = try FileOutboxStorage(url: directory.file).load()
            #expect(outbox.conversations[callA]?.unaccepted == [.info("one")])
        }
        try Data().write(to: directory.file)
        #expect(try FileOutboxStorage(url: directory.file).load().conversations.isEmpty)
    }

    @Test("the file does not grow with what is accepted")
    func compacts() throws {
        let directory = try Directory()
        let storage = FileOutboxStorage(url: directory.file, compactionBytes: 4096)
        _ = try storage.load()
        for number in UInt32(1)...400 {
            try storage.record(.appended(callA, number: number, .info(String(repeating: "x", count: 100))))
            try storage.record(.accepted(callA, through: number))
        }
        #expect(try Data(contentsOf: directory.file).count <= 4096 + 200)
        #expect(try FileOutboxStorage(url: directory.file).load().conversations[callA]?.acceptedThrough == 400)
    }

    @Test("recording before loading is an error, as is a file that cannot be written")
    func errors() throws {
        let directory = try Directory()
        #expect(throws: OutboxStorageError.notLoaded) {
            try FileOutboxStorage(url: directory.file).record(.connectionCounted(1))
        }
        let nowhere = directory.url.appendingPathComponent("missing/outbox")
        #expect(throws: (any Error).self) { try FileOutboxStorage(url: nowhere).load() }
    }
}
