import Foundation
import SwitchboardProtocol
import Testing

@testable import SwitchboardClient

@Suite("Security code: vectors that all clients share")
struct SecurityCodeTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Traces")

    private struct Vectors: Decodable {
        let vectors: [Vector]
    }

    private struct Vector: Decodable {
        let name: String
        let call: String
        let fingerprintA: String
        let fingerprintB: String
        let nonceA: String
        let nonceB: String
        let commitment: String
        let code: [String]
    }

    private struct Picture: Decodable, Equatable {
        let emoji: String
        let name: String
    }

    @Test("the pictures are the protocol's")
    func pictures() throws {
        let data = try Data(contentsOf: Self.folder.appending(path: "security-emoji.json"))
        let expected = try JSONDecoder().decode([Picture].self, from: data)
        #expect(SecurityPicture.all.count == 256)
        #expect(SecurityPicture.all.map { Picture(emoji: $0.emoji, name: $0.name) } == expected)
        #expect(Set(SecurityPicture.all.map(\.emoji)).count == 256)
    }

    @Test("commitments and codes are those of the vectors")
    func vectors() throws {
        let data = try Data(contentsOf: Self.folder.appending(path: "security-code.json"))
        let vectors = try JSONDecoder().decode(Vectors.self, from: data).vectors
        #expect(vectors.count >= 5)
        for vector in vectors {
            let fingerprintA = try #require(Fingerprint.of("a=fingerprint:sha-256 \(vector.fingerprintA)"))
            let fingerprintB = try #require(Fingerprint.of("a=fingerprint:sha-256 \(vector.fingerprintB)"))
            let nonceA = try #require(SecurityDigest.bytes(vector.nonceA, count: 16))
            let nonceB = try #require(SecurityDigest.bytes(vector.nonceB, count: 16))
            let commitment = SecurityDigest.commitment(nonce: nonceA, fingerprint: fingerprintA)
            #expect(SecurityDigest.text(commitment) == vector.commitment, "\(vector.name)")
            let code = SecurityDigest.code(
                call: try #require(ConversationID(vector.call)), fingerprintA: fingerprintA, fingerprintB: fingerprintB,
                nonceA: nonceA, nonceB: nonceB)
            #expect(code.map(\.emoji) == vector.code, "\(vector.name)")
        }
    }

    @Test("a description names one SHA-256 fingerprint, or none")
    func fingerprints() {
        let one = "a=fingerprint:sha-256 " + Array(repeating: "0A", count: 32).joined(separator: ":")
        let other = "a=fingerprint:SHA-256 " + Array(repeating: "ff", count: 32).joined(separator: ":")
        let bytes = [UInt8](repeating: 10, count: 32)
        #expect(Fingerprint.of("v=0\r\n\(one)\r\nm=audio\r\n") == bytes)
        #expect(Fingerprint.of("\(one)\n\(one.lowercased())\n") == bytes)
        #expect(Fingerprint.of(other) == [UInt8](repeating: 255, count: 32))
        #expect(Fingerprint.of("\(one)\r\n\(other)") == nil, "which one is in use?")
        #expect(Fingerprint.of("\(one)\r\na=fingerprint:sha-1 00:11") == nil)
        #expect(Fingerprint.of("v=0\r\n") == nil)
        #expect(Fingerprint.of(String(one.dropLast(3))) == nil)
        #expect(Fingerprint.of(one.replacing("0A", with: "0G")) == nil)
    }
}
