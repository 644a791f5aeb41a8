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
    /// True if the address refused or reset the connection: nobody listens there, the process is gone. A time-out or a missing
    /// route says nothing about the process.
    var isConnectionRefusedOrReset: Bool {
        switch self {
        case let error as IOError:
            error.errnoCode == ECONNREFUSED || error.errnoCode == ECONNRESET
        case let error as NIOConnectionError:
            !error.connectionErrors.isEmpty && error.connectionErrors.allSatisfy { $0.error.isConnectionRefusedOrReset }
        default:
            false
        }
    }
}
