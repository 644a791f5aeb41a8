import Foundation

/// Names one process for as long as it lives.
///
/// A process id alone is reused by the kernel; together with the moment of its start (field 22 of `/proc/PID/stat`, see
/// proc(5)) it never means another process, so a stale pid file cannot make us kill a stranger.
public struct ProcessIdentity: Equatable, Sendable {
    /// The process id.
    public let pid: Int32
    /// Start of the process in clock ticks since boot.
    public let startTicks: UInt64

    /// The identity of the process that has this id now; `nil` if there is none, or only a zombie.
    public init?(pid: Int32) {
        guard let stat = ProcessStat(pid: pid), !stat.isDead else { return nil }
        self.pid = pid
        self.startTicks = stat.startTicks
    }

    /// The identity of a child that nobody has waited for yet, even if it has ended already.
    init?(unreapedChild pid: Int32) {
        guard let stat = ProcessStat(pid: pid) else { return nil }
        self.pid = pid
        self.startTicks = stat.startTicks
    }

    /// The processes that it has started and that live.
    public var children: [ProcessIdentity] {
        let text = (try? String(contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8)) ?? ""
        return text.split(separator: " ").compactMap { Int32($0) }.compactMap { ProcessIdentity(pid: $0) }
    }

    /// Reads what ``text`` says, as found in a pid file.
    init?(text: String) {
        let fields = text.split(whereSeparator: \.isWhitespace)
        guard fields.count == 2, let pid = Int32(fields[0]), pid > 1, let ticks = UInt64(fields[1]) else { return nil }
        self.pid = pid
        self.startTicks = ticks
    }

    /// Content of a pid file: id and start, on one line.
    var text: String { "\(pid) \(startTicks)\n" }

    /// Whether exactly this process still runs. A stopped process (SIGSTOP) runs, a zombie does not.
    public var isAlive: Bool {
        guard let stat = ProcessStat(pid: pid) else { return false }
        return !stat.isDead && stat.startTicks == startTicks
    }

    /// Whether the process is stopped by a signal (SIGSTOP).
    public var isStopped: Bool {
        guard let stat = ProcessStat(pid: pid), stat.startTicks == startTicks else { return false }
        return stat.state == "T"
    }
}

/// The two fields of `/proc/PID/stat` that tell whether a process lives.
private struct ProcessStat {
    let state: Character
    let startTicks: UInt64

    var isDead: Bool { state == "Z" || state == "X" }

    init?(pid: Int32) {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return nil }
        // The second field is the program's name in parentheses and may itself contain spaces and parentheses.
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 19, let state = fields[0].first, let ticks = UInt64(fields[19]) else { return nil }
        self.state = state
        self.startTicks = ticks
    }
}
