import Crypto
import Foundation
import LocalCluster

/// A client of a TURN server on loopback, over UDP: one allocation at most (RFC 8656 §7).
///
/// `@unchecked Sendable`: used by one task at a time; a call blocks a thread of a queue, not the task's.
final class TurnClient: @unchecked Sendable {
    enum Answer: Equatable {
        /// Lets us in; an allocation relays from this port.
        case granted(port: UInt16?)
        /// 401: the credentials are no good.
        case refused(Int)
    }

    struct NoAnswer: Error {}

    private let descriptor: Int32
    private let queue = DispatchQueue(label: "turn-client")
    private let username: String
    private let password: String
    private var realm: [UInt8] = []
    private var nonce: [UInt8] = []

    init(port: Int, username: String, password: String) throws {
        (self.username, self.password) = (username, password)
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        var patience = timeval(tv_sec: 0, tv_usec: 250_000)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard descriptor >= 0, connected == 0 else { throw NoAnswer() }
    }

    deinit { close(descriptor) }

    /// Asks for a relay address: without credentials first, as the server's realm and nonce come with its refusal.
    func allocate() async throws -> Answer {
        var request = StunMessage(StunMessage.allocate)
        request[StunMessage.Attribute.requestedTransport] = [17, 0, 0, 0]  // UDP
        return try await askSigned(request)
    }

    /// Asks to keep the allocation.
    func refresh() async throws -> Answer {
        var request = StunMessage(StunMessage.refresh)
        request[StunMessage.Attribute.lifetime] = [0, 0, 2, 88]
        return try await askSigned(request)
    }

    private func askSigned(_ request: StunMessage) async throws -> Answer {
        var answer = StunMessage(0)
        if nonce.isEmpty {
            answer = try await ask(request, key: nil)
            guard remember(answer) else { return Self.answer(answer) }
        }
        // A nonce that has become old is replaced by the refusal (RFC 8489 §9.2.5).
        for _ in 0..<2 {
            var signed = StunMessage(request.type)
            for type in [StunMessage.Attribute.requestedTransport, StunMessage.Attribute.lifetime] {
                signed[type] = request[type]
            }
            signed[StunMessage.Attribute.username] = Array(username.utf8)
            signed[StunMessage.Attribute.realm] = realm
            signed[StunMessage.Attribute.nonce] = nonce
            let key = Insecure.MD5.hash(data: Array(username.utf8) + [0x3a] + realm + [0x3a] + Array(password.utf8))
            answer = try await ask(signed, key: Array(key))
            guard answer.errorCode == 438, remember(answer) else { break }
        }
        return Self.answer(answer)
    }

    private func remember(_ refusal: StunMessage) -> Bool {
        guard let realm = refusal[StunMessage.Attribute.realm], let nonce = refusal[StunMessage.Attribute.nonce] else {
            return false
        }
        (self.realm, self.nonce) = (realm, nonce)
        return true
    }

    private static func answer(_ message: StunMessage) -> Answer {
        if let code = message.errorCode { return .refused(code) }
        guard let address = message[StunMessage.Attribute.relayedAddress], address.count >= 4 else {
            return .granted(port: nil)
        }
        return .granted(port: (UInt16(address[2]) << 8 | UInt16(address[3])) ^ 0x2112)
    }

    /// Sends until the answer to this transaction comes, as UDP demands.
    private func ask(_ request: StunMessage, key: [UInt8]?) async throws -> StunMessage {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { [self] in
                let bytes = request.encoded(key: key)
                let deadline = ContinuousClock.now + .seconds(10)
                while ContinuousClock.now < deadline {
                    send(descriptor, bytes, bytes.count, 0)
                    var buffer = [UInt8](repeating: 0, count: 2048)
                    let count = recv(descriptor, &buffer, buffer.count, 0)
                    if count > 0, let answer = StunMessage(Array(buffer.prefix(count))),
                        answer.transaction == request.transaction
                    {
                        return continuation.resume(returning: answer)
                    }
                }
                continuation.resume(throwing: NoAnswer())
            }
        }
    }
}
