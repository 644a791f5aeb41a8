/// Addresses that a push must never go to, whatever a name resolves to: this machine, private networks, and everything else
/// that is not an ordinary host of the internet (the registries of RFC 6890, as of today).
enum SpecialAddresses {
    private struct Range {
        let prefix: [UInt8]
        let length: Int
        let meaning: String

        func contains(_ bytes: [UInt8]) -> Bool {
            let whole = length / 8
            guard bytes.prefix(whole).elementsEqual(prefix.prefix(whole)) else { return false }
            let rest = length % 8
            guard rest > 0 else { return true }
            let mask = ~UInt8(0) << UInt8(8 - rest)
            return bytes[whole] & mask == prefix[whole] & mask
        }
    }

    private static let v4: [Range] = [
        Range(prefix: [0], length: 8, meaning: "this network"),
        Range(prefix: [10], length: 8, meaning: "private"),
        Range(prefix: [100, 64], length: 10, meaning: "shared by a provider"),
        Range(prefix: [127], length: 8, meaning: "loopback"),
        Range(prefix: [169, 254], length: 16, meaning: "link-local"),
        Range(prefix: [172, 16], length: 12, meaning: "private"),
        Range(prefix: [192, 0, 0], length: 24, meaning: "for protocols"),
        Range(prefix: [192, 0, 2], length: 24, meaning: "for documentation"),
        Range(prefix: [192, 31, 196], length: 24, meaning: "for protocols"),
        Range(prefix: [192, 52, 193], length: 24, meaning: "for protocols"),
        Range(prefix: [192, 88, 99], length: 24, meaning: "a relay"),
        Range(prefix: [192, 168], length: 16, meaning: "private"),
        Range(prefix: [192, 175, 48], length: 24, meaning: "for protocols"),
        Range(prefix: [198, 18], length: 15, meaning: "for measurements"),
        Range(prefix: [198, 51, 100], length: 24, meaning: "for documentation"),
        Range(prefix: [203, 0, 113], length: 24, meaning: "for documentation"),
        Range(prefix: [224], length: 4, meaning: "multicast"),
        Range(prefix: [240], length: 4, meaning: "reserved"),
    ]

    /// Within 2000::/3, for nothing outside of it is an ordinary host.
    private static let v6: [Range] = [
        Range(prefix: [0x20, 0x01, 0x00], length: 23, meaning: "for protocols"),
        Range(prefix: [0x20, 0x01, 0x0d, 0xb8], length: 32, meaning: "for documentation"),
        Range(prefix: [0x26, 0x20, 0x00, 0x4f, 0x80, 0x00], length: 48, meaning: "for protocols"),
        Range(prefix: [0x3f, 0xff, 0x00], length: 20, meaning: "for documentation"),
    ]
    private static let ordinaryV6 = Range(prefix: [0x20], length: 3, meaning: "")

    static func isLoopback(_ address: IPAddress) -> Bool {
        let bytes = address.bytes
        return address.isIPv4 ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1
    }

    /// What is special about it; nil: an ordinary address of the internet.
    static func meaning(of address: IPAddress) -> String? {
        let bytes = address.bytes
        if address.isIPv4 { return v4.first { $0.contains(bytes) }?.meaning }
        if isLoopback(address) { return "loopback" }
        if let inner = embedded(in: bytes) {
            // It reaches whatever the address within it names.
            return meaning(of: inner)
        }
        guard ordinaryV6.contains(bytes) else { return "not a public address" }
        return v6.first { $0.contains(bytes) }?.meaning
    }

    /// The IPv4 address inside an IPv6 address that a host or a translator turns into it: mapped (RFC 4291 §2.5.5.2),
    /// NAT64 (RFC 6052), and 6to4 (RFC 3056).
    private static func embedded(in bytes: [UInt8]) -> IPAddress? {
        if bytes.prefix(10).allSatisfy({ $0 == 0 }), bytes[10] == 0xff, bytes[11] == 0xff {
            return IPAddress(bytes: Array(bytes[12..<16]))
        }
        if bytes.prefix(4).elementsEqual([0x00, 0x64, 0xff, 0x9b]), bytes[4..<12].allSatisfy({ $0 == 0 }) {
            return IPAddress(bytes: Array(bytes[12..<16]))
        }
        if bytes[0] == 0x20, bytes[1] == 0x02 {
            return IPAddress(bytes: Array(bytes[2..<6]))
        }
        return nil
    }
}
