import Foundation

/// One question over one TCP connection to 127.0.0.1, and the answer up to the end of the stream: enough for ZooKeeper's
/// four-letter words and for HTTP with `Connection: close`.
public enum LoopbackRequest {
    /// The answer to `text`, at most 1 MiB; `nil` if nothing listens or the answer does not end in time.
    public static func send(_ text: String, port: Int, within limit: Duration = .seconds(2)) async -> String? {
        await withCheckedContinuation { continuation in
            // Blocking calls, so on a thread that may block.
            DispatchQueue.global().async { continuation.resume(returning: exchange(text, port: port, limit: limit)) }
        }
    }

    /// Status and body of `GET http://127.0.0.1:port/path`; `nil` as for ``send(_:port:within:)``.
    public static func get(_ path: String, port: Int, within limit: Duration = .seconds(2)) async
        -> (status: Int, body: String)?
    {
        let request = "GET \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n\r\n"
        guard let answer = await send(request, port: port, within: limit) else { return nil }
        let fields = answer.prefix { $0 != "\r\n" }.split(separator: " ")
        guard fields.count >= 2, fields[0].hasPrefix("HTTP/1."), let status = Int(fields[1]) else { return nil }
        let body = answer.range(of: "\r\n\r\n").map { String(answer[$0.upperBound...]) } ?? ""
        return (status, body)
    }

    private static func exchange(_ text: String, port: Int, limit: Duration) -> String? {
        guard let port = UInt16(exactly: port) else { return nil }
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let clock = ContinuousClock()
        let end = clock.now.advanced(by: limit)
        var timeout = timeval(tv_sec: Int(max(1, limit.components.seconds)), tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        guard withLoopbackAddress(port: port, { connect(descriptor, $0, $1) == 0 }) else { return nil }
        let bytes = Array(text.utf8)
        guard Foundation.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            return nil
        }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        while answer.count < 1 << 20, clock.now < end {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count == 0 { return String(decoding: answer, as: UTF8.self) }
            guard count > 0 else { return nil }
            answer += buffer[..<count]
        }
        return nil
    }
}

/// Calls `body` with the socket address of a port of 127.0.0.1.
func withLoopbackAddress<Result>(port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    return withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
}
