import Foundation
import Synchronization

/// Hands out TCP ports of 127.0.0.1 that nobody uses.
///
/// A port stays ours until this process ends, so a server may be killed and started again on it. Between processes that use
/// this type, lock files exclude the race between finding a port free and binding it. The range lies below the kernel's
/// ephemeral ports, so no outgoing connection takes one meanwhile.
public enum FreePorts {
    private static let range: ClosedRange<UInt16> = 20_000...31_999
    private static let attempts = 1_000
    private static let leased = Mutex<[UInt16: Int32]>([:])

    /// One free port.
    public static func one() throws -> Int {
        try leased.withLock { leased in
            for _ in 0..<attempts {
                let port = UInt16.random(in: range)
                guard leased[port] == nil, let lock = lockFile(for: port) else { continue }
                if isFree(port) {
                    leased[port] = lock
                    return Int(port)
                }
                close(lock)
            }
            throw LocalClusterError.noFreePort(tried: attempts)
        }
    }

    /// Several different free ports.
    public static func take(_ count: Int) throws -> [Int] {
        try (0..<count).map { _ in try one() }
    }

    /// Whether nobody listens on this port of 127.0.0.1.
    public static func isFree(_ port: Int) -> Bool {
        UInt16(exactly: port).map { isFree($0) } ?? false
    }

    private static func lockFile(for port: UInt16) -> Int32? {
        let directory = "\(NSTemporaryDirectory())/switchboard-ports-\(getuid())"
        mkdir(directory, 0o700)
        let descriptor = open("\(directory)/\(port)", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return nil }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    private static func isFree(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        return withLoopbackAddress(port: port) { bind(descriptor, $0, $1) == 0 && listen(descriptor, 1) == 0 }
    }
}
