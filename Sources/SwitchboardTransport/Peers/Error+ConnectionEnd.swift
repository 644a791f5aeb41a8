import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension Error {
    /// True if the address refused the connection: nobody listens there, the process is gone. A time-out or a missing route says
    /// nothing about the process.
    var isConnectionRefused: Bool { hasCode(ECONNREFUSED) }

    /// True if the other side's kernel cut the connection off.
    var isConnectionReset: Bool { hasCode(ECONNRESET) }

    private func hasCode(_ code: CInt) -> Bool {
        switch self {
        case let error as IOError:
            error.errnoCode == code
        case let error as NIOConnectionError:
            !error.connectionErrors.isEmpty && error.connectionErrors.allSatisfy { $0.error.hasCode(code) }
        default:
            false
        }
    }
}
