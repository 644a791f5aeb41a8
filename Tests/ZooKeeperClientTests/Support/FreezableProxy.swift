import Foundation
import LocalCluster

/// A TCP relay on loopback that can stop relaying: connections stay open, or are accepted, and nothing comes through, as when
/// a network swallows packets. It listens until the process ends.
final class FreezableProxy: @unchecked Sendable {
    let port: Int
    private let target: Int
    private let listener: Int32
    /// Guards `isFrozen`, the only thing that changes; hence `@unchecked Sendable`.
    private let gate = NSCondition()
    private var isFrozen = false

    /// Begins to relay from a free port to this one.
    init(to target: Int) throws {
        self.target = target
        port = try FreePorts.one()
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.address(port: port)
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isBound, listen(listener, 16) == 0 else { throw LocalClusterError.failed("the proxy cannot listen") }
        Thread.detachNewThread { [self] in
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else { return }
                Thread.detachNewThread { self.serve(client) }
            }
        }
    }

    func freeze() { set(frozen: true) }
    func thaw() { set(frozen: false) }

    private func set(frozen: Bool) {
        gate.lock()
        isFrozen = frozen
        gate.broadcast()
        gate.unlock()
    }

    private func passGate() {
        gate.lock()
        while isFrozen { gate.wait() }
        gate.unlock()
    }

    private func serve(_ client: Int32) {
        passGate()
        let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.address(port: target)
        let isConnected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        if isConnected {
            let back = DispatchSemaphore(value: 0)
            Thread.detachNewThread {
                self.relay(from: server, to: client)
                back.signal()
            }
            relay(from: client, to: server)
            back.wait()
        }
        close(client)
        close(server)
    }

    private func relay(from source: Int32, to destination: Int32) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(source, &buffer, buffer.count, 0)
            passGate()
            guard count > 0, send(destination, buffer, count, Int32(MSG_NOSIGNAL)) == count else { break }
        }
        shutdown(source, Int32(SHUT_RDWR))
        shutdown(destination, Int32(SHUT_RDWR))
    }

    private static func address(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return address
    }
}
