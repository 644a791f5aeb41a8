import CZooKeeper
import Logging
import Synchronization

/// Leads the C library's warnings into swift-log, instead of standard error.
enum LibraryLog {
    private struct State {
        var logger: Logger?
        var budget = LineBudget(limit: 20, window: .seconds(10))
    }

    private static let state = Mutex(State())

    /// Set once in a process, for the level is a global variable of the library.
    private static let silenceBelowWarnings: Void = zoo_set_debug_level(ZOO_LOG_LEVEL_WARN)

    static func install(_ logger: Logger) {
        _ = silenceBelowWarnings
        state.withLock { $0.logger = logger }
    }

    static func write(_ line: String) {
        let admitted = state.withLock { state -> (Logger, Int)? in
            guard let logger = state.logger, let suppressed = state.budget.admit(now: .now) else { return nil }
            return (logger, suppressed)
        }
        guard let (logger, suppressed) = admitted else { return }
        var metadata: Logger.Metadata = [:]
        if suppressed > 0 { metadata["suppressed_lines"] = "\(suppressed)" }
        // The library calls every lost connection an error; to us it is what happens when a server restarts.
        logger.warning("\(text(of: line))", metadata: metadata, source: "libzookeeper")
    }

    /// What the line says: `<time>:<pid>(<thread>):ZOO_WARN@<function>@<line>: <text>`, without what the logger adds itself.
    static func text(of line: String) -> Substring {
        guard let mark = line.firstRange(of: ":ZOO_"),
            let colon = line[mark.upperBound...].firstRange(of: ": ")
        else { return line[...] }
        return line[colon.upperBound...]
    }
}

/// Called by C: on any thread, often the one of the socket, at times with locks of the library held. So it takes no lock but
/// the log's own, and calls nothing of the library. The text is C's and lives until this returns.
func libraryLogLine(_ message: UnsafePointer<CChar>?) {
    guard let message else { return }
    LibraryLog.write(String(cString: message))
}
