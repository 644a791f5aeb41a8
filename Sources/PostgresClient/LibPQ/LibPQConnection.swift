import CLibPQ
import Glibc

/// One `PGconn`. The files of this folder are the only ones that touch libpq.
///
/// Not thread-safe, as libpq is not: made, used and released by one thread. Nothing here blocks, except for the look-up of
/// host names at the start.
final class LibPQConnection {
    enum ConnectProgress: Equatable {
        /// Call ``continueConnecting()`` again when the socket can be read.
        case reading
        /// Call ``continueConnecting()`` again when the socket can be written.
        case writing
        case connected
        case failed(String)
    }

    let connection: OpaquePointer
    let notices: NoticeCollector
    /// For answers in a row without an end; see ``nextAnswer()``.
    var consecutiveGaps = 0

    /// Starts to connect.
    ///
    /// - Returns: nil if libpq has no memory.
    init?(keywords: [(String, String)]) {
        let names = keywords.map { strdup($0.0) } + [nil]
        let values = keywords.map { strdup($0.1) } + [nil]
        defer { for pointer in names + values { free(pointer) } }
        let started = names.map { UnsafePointer($0) }.withUnsafeBufferPointer { names in
            values.map { UnsafePointer($0) }.withUnsafeBufferPointer { values in
                PQconnectStartParams(names.baseAddress, values.baseAddress, 0)
            }
        }
        guard let started else { return nil }
        connection = started
        notices = NoticeCollector()
        notices.attach(to: started)
    }

    deinit {
        // Says goodbye to the server if it can be said without waiting. The notice receiver's context lives until here.
        PQfinish(connection)
    }

    /// The socket; may be another after each ``continueConnecting()``, and −1 if there is none.
    var socket: Int32 { PQsocket(connection) }
    var isBroken: Bool { PQstatus(connection) == CONNECTION_BAD }
    var usesTLS: Bool { PQsslInUse(connection) != 0 }
    var serverVersion: Int { Int(PQserverVersion(connection)) }
    var backendPID: Int32 { PQbackendPID(connection) }

    /// libpq's last message, on one line. May not be shown before secrets are removed.
    var errorMessage: String {
        let text = PQerrorMessage(connection).map { String(cString: $0) } ?? ""
        let lines = text.split(separator: "\n").map { $0.trimmingBlanks() }.filter { !$0.isEmpty }
        return lines.isEmpty ? "no reason given" : lines.joined(separator: "; ")
    }

    /// Goes on connecting after the socket became ready, or for the first time.
    func continueConnecting() -> ConnectProgress {
        switch PQconnectPoll(connection) {
        case PGRES_POLLING_OK: .connected
        case PGRES_POLLING_READING: .reading
        case PGRES_POLLING_WRITING: .writing
        default: .failed(errorMessage)
        }
    }

    /// From here on commands are pipelined, and nothing waits.
    func enterPipelineMode() -> Bool {
        PQsetnonblocking(connection, 1) == 0 && PQenterPipelineMode(connection) == 1
    }
}

extension Substring {
    fileprivate func trimmingBlanks() -> Substring {
        var rest = drop { $0 == " " || $0 == "\t" }
        while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
        return rest
    }
}
