import Crypto
import Foundation

/// As much of STUN (RFC 8489 §5, §14) as a client of TURN needs to ask for an allocation.
struct StunMessage {
    static let allocate: UInt16 = 0x003
    static let refresh: UInt16 = 0x004
    static let success: UInt16 = 0x100
    static let failure: UInt16 = 0x110

    enum Attribute {
        static let username: UInt16 = 0x0006
        static let messageIntegrity: UInt16 = 0x0008
        static let errorCode: UInt16 = 0x0009
        static let lifetime: UInt16 = 0x000d
        static let realm: UInt16 = 0x0014
        static let nonce: UInt16 = 0x0015
        static let relayedAddress: UInt16 = 0x0016
        static let requestedTransport: UInt16 = 0x0019
    }

    private static let cookie: [UInt8] = [0x21, 0x12, 0xa4, 0x42]

    let type: UInt16
    let transaction: [UInt8]
    private var attributes: [(type: UInt16, value: [UInt8])] = []

    init(_ type: UInt16) {
        self.type = type
        transaction = (0..<12).map { _ in .random(in: .min ... .max) }
    }

    /// nil: not a STUN message, or cut off.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= 20, Array(bytes[4..<8]) == Self.cookie else { return nil }
        type = Self.number(bytes[0..<2])
        transaction = Array(bytes[8..<20])
        var rest = bytes[20...]
        while rest.count >= 4 {
            let length = Int(Self.number(rest.dropFirst(2).prefix(2)))
            guard rest.count >= 4 + length else { return nil }
            attributes.append((Self.number(rest.prefix(2)), Array(rest.dropFirst(4).prefix(length))))
            rest = rest.dropFirst(4 + (length + 3) / 4 * 4)
        }
    }

    subscript(type: UInt16) -> [UInt8]? {
        get { attributes.first { $0.type == type }?.value }
        set {
            attributes.removeAll { $0.type == type }
            if let newValue { attributes.append((type, newValue)) }
        }
    }

    /// The code of a refusal.
    var errorCode: Int? { self[Attribute.errorCode].map { Int($0[2]) * 100 + Int($0[3]) } }

    /// The message on the wire, signed with the key of a long-term credential if there is one (§9.2.2, §14.5).
    func encoded(key: [UInt8]?) -> [UInt8] {
        var body: [UInt8] = []
        for (type, value) in attributes {
            body += Self.bytes(type) + Self.bytes(UInt16(value.count)) + value
            body += Array(repeating: 0, count: (4 - value.count % 4) % 4)
        }
        // The length that is signed counts the signature, which stands last.
        let header =
            Self.bytes(type) + Self.bytes(UInt16(body.count + (key == nil ? 0 : 24))) + Self.cookie + transaction
        guard let key else { return header + body }
        let code = HMAC<Insecure.SHA1>.authenticationCode(for: header + body, using: SymmetricKey(data: key))
        return header + body + Self.bytes(Attribute.messageIntegrity) + Self.bytes(20) + Array(code)
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt16 { bytes.reduce(0) { $0 << 8 | UInt16($1) } }
    private static func bytes(_ number: UInt16) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 0xff)] }
}
