public import Foundation
import SwitchboardProtocol
import Synchronization

/// An outbox in one file, which survives the process and the machine: an append is on the disk (fsync) before its
/// message is sent. One process at a time may use a file.
///
/// An invite that waits over a restart grows older meanwhile: instead of its age the file holds when it was asked for,
/// by the wall clock.
public final class FileOutboxStorage: OutboxStorage {
    private let url: URL
    private let compactionBytes: Int
    private let journal = Mutex<Journal?>(nil)

    private struct Journal {
        let file: FileHandle
        var outbox: OutboxRecord
        var bytes: Int
        /// Twice what the outbox needed when it was last written: an outbox that is large itself is not written anew
        /// with every change.
        var compactAt: Int
    }

    /// - Parameters:
    ///   - url: the file; made with the first `load()` if there is none, in a directory that exists.
    ///   - compactionBytes: the file is written anew when it has grown past this, and to twice what it must hold.
    public init(url: URL, compactionBytes: Int = 1 << 20) {
        self.url = url
        self.compactionBytes = compactionBytes
    }

    /// - Throws: an error of the file system. A file without a whole head counts as empty.
    public func load() throws -> OutboxRecord {
        try journal.withLock { journal in
            var outbox = OutboxRecord.fresh()
            if FileManager.default.fileExists(atPath: url.path) {
                outbox = OutboxJournal.decode(Array(try Data(contentsOf: url))) ?? outbox
            }
            journal = try rewrite(outbox)
            outbox.turnInviteTimes(now: now)
            return outbox
        }
    }

    /// - Throws: an error of the file system; or `OutboxStorageError.notLoaded`.
    public func record(_ change: OutboxChange) throws {
        try journal.withLock { journal in
            guard var current = journal else { throw OutboxStorageError.notLoaded }
            let change = change.turningInviteTime(now: now)
            let bytes = try OutboxJournal.encode(change)
            try current.file.write(contentsOf: bytes)
            // Only what the server has never seen must be safe: the rest is said again after a restart.
            if case .appended = change { try current.file.synchronize() }
            current.outbox.apply(change)
            current.bytes += bytes.count
            journal = current
            if current.bytes > current.compactAt { journal = try rewrite(current.outbox) }
        }
    }

    /// Milliseconds since 1970.
    private var now: Double { Date().timeIntervalSince1970 * 1000 }

    /// Replaces the file in one step, so that a crash leaves the old one or the new one.
    private func rewrite(_ outbox: OutboxRecord) throws -> Journal {
        let bytes = try OutboxJournal.encode(outbox)
        let temporary = url.appendingPathExtension("new")
        try Data(bytes).write(to: temporary)
        let file = try FileHandle(forUpdating: temporary)
        try file.synchronize()
        guard rename(temporary.path, url.path) == 0 else {
            throw CocoaError(.fileWriteUnknown, userInfo: [NSFilePathErrorKey: url.path])
        }
        try file.seekToEnd()
        return Journal(
            file: file, outbox: outbox, bytes: bytes.count, compactAt: max(compactionBytes, 2 * bytes.count))
    }
}

extension OutboxRecord {
    /// Ages of invites become times, or times ages: the one is now without the other.
    fileprivate mutating func turnInviteTimes(now: Double) {
        conversations = conversations.mapValues { conversation in
            var turned = conversation
            turned.unaccepted = conversation.unaccepted.map { $0.turningInviteTime(now: now) }
            return turned
        }
    }
}

extension OutboxChange {
    fileprivate func turningInviteTime(now: Double) -> OutboxChange {
        guard case .appended(let id, let number, let message) = self else { return self }
        return .appended(id, number: number, message.turningInviteTime(now: now))
    }
}

extension WireMessage {
    fileprivate func turningInviteTime(now: Double) -> WireMessage {
        guard case .invite(var invite) = content else { return self }
        invite.ageMs = max(0, now - invite.ageMs)
        var message = self
        message.content = .invite(invite)
        return message
    }
}

/// A wrong use of a storage.
public enum OutboxStorageError: Error, Sendable {
    /// `load()` comes before `record(_:)`.
    case notLoaded
}
