/// The SHA-256 fingerprint of the DTLS certificate that a description names (RFC 8122 §5).
enum Fingerprint {
    private static let prefix = "a=fingerprint:"
    private static let algorithm = "sha-256"

    /// 32 bytes. Media sections may each name one: with several different ones it could not be said which is in use, and a
    /// code would speak of one while media is sealed with another. Such a description has none, nor has one that names one
    /// by another algorithm.
    static func of(_ sdp: String) -> [UInt8]? {
        var found: [UInt8]?
        for line in sdp.utf8.split(whereSeparator: { $0 == 10 || $0 == 13 }) {
            guard let line = Substring(line).lowercasedAttribute(prefix) else { continue }
            guard let digest = digest(line), found == nil || found == digest else { return nil }
            found = digest
        }
        return found
    }

    private static func digest(_ value: String) -> [UInt8]? {
        let words = value.split { $0 == " " || $0 == "\t" }
        guard words.count == 2, words[0] == algorithm else { return nil }
        let pairs = words[1].split(separator: ":", omittingEmptySubsequences: false)
        guard pairs.count == SecurityDigest.digestBytes, pairs.allSatisfy({ $0.utf8.count == 2 }) else { return nil }
        let bytes = pairs.compactMap { UInt8($0, radix: 16) }
        return bytes.count == pairs.count ? bytes : nil
    }
}

extension Substring {
    /// The value of an SDP attribute in lower case, if the line is this one.
    fileprivate func lowercasedAttribute(_ prefix: String) -> String? {
        let line = lowercased()
        return line.hasPrefix(prefix) ? String(line.dropFirst(prefix.count)) : nil
    }
}
