import NIOConcurrencyHelpers
public import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Finds the addresses of a host.
public protocol HostResolver: Sendable {
    /// In the order of preference; not empty.
    func addresses(of host: String) async throws(OutboundError) -> [IPAddress]
}

/// The system's resolver (`getaddrinfo`), on threads of its own, for it blocks.
public struct SystemHostResolver: HostResolver {
    private let pool: NIOThreadPool

    /// - Parameter pool: started; ended by its owner.
    public init(pool: NIOThreadPool) {
        self.pool = pool
    }

    public func addresses(of host: String) async throws(OutboundError) -> [IPAddress] {
        let answer = Answer()
        // `getaddrinfo` can't be interrupted: whoever is cancelled goes on without it.
        let found = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                answer.wait(continuation)
                pool.submit { state in
                    answer.resume(state == .active ? Self.look(up: host) : nil)
                }
            }
        } onCancel: {
            answer.resume(nil)
        }
        guard let found, !found.isEmpty else { throw .failed("no address found for \(host)") }
        return found
    }

    /// Resumed once, by whoever comes first.
    private final class Answer: Sendable {
        private enum State {
            case new
            case waiting(CheckedContinuation<[IPAddress]?, Never>)
            case over
        }
        private let state = NIOLockedValueBox(State.new)

        func wait(_ continuation: CheckedContinuation<[IPAddress]?, Never>) {
            let isOver = state.withLockedValue { state in
                if case .over = state { return true }
                state = .waiting(continuation)
                return false
            }
            if isOver { continuation.resume(returning: nil) }
        }

        func resume(_ addresses: [IPAddress]?) {
            let waiting = state.withLockedValue { state -> CheckedContinuation<[IPAddress]?, Never>? in
                defer { state = .over }
                guard case .waiting(let continuation) = state else { return nil }
                return continuation
            }
            waiting?.resume(returning: addresses)
        }
    }

    private static func look(up host: String) -> [IPAddress]? {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        // Only families that this machine has an address of.
        hints.ai_flags = AI_ADDRCONFIG
        #if canImport(Glibc)
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
            hints.ai_socktype = SOCK_STREAM
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0, let list else { return nil }
        defer { freeaddrinfo(list) }
        var found: [IPAddress] = []
        var next: UnsafeMutablePointer<addrinfo>? = list
        while let entry = next {
            if let address = Self.address(of: entry.pointee), !found.contains(address) { found.append(address) }
            next = entry.pointee.ai_next
        }
        return found
    }

    private static func address(of entry: addrinfo) -> IPAddress? {
        guard let raw = entry.ai_addr else { return nil }
        switch entry.ai_family {
        case AF_INET:
            return raw.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { socket in
                withUnsafeBytes(of: socket.pointee.sin_addr) { IPAddress(bytes: Array($0)) }
            }
        case AF_INET6:
            return raw.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { socket in
                withUnsafeBytes(of: socket.pointee.sin6_addr) { IPAddress(bytes: Array($0)) }
            }
        default: return nil
        }
    }
}
