import Foundation
import SwitchboardCore

/// The data of `/nodes/<incarnation>`: JSON, for operators to read too.
///
/// Nodes of several versions read each other: unknown fields are ignored, fields that are missing have defaults, and only the
/// address is indispensable.
struct MemberRecord: Codable, Sendable {
    var host: String
    var port: Int
    var datacenter: String?
    var featureLevel: UInt32?
    var software: String?

    init(_ member: NodeMember) {
        host = member.address.host
        port = member.address.port
        datacenter = member.datacenter
        featureLevel = member.featureLevel
        software = member.software
    }

    /// The member, without markers.
    var member: NodeMember {
        NodeMember(
            address: PeerAddress(host: host, port: port), datacenter: datacenter ?? "",
            featureLevel: featureLevel ?? 0, software: software ?? "")
    }

    /// The bytes to store. Five plain fields always can be encoded; if they could not, the record would be empty and the
    /// node invisible, which is better than ending the process.
    var encoded: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map { [UInt8]($0) } ?? []
    }

    /// Reads stored bytes; `nil` if they are no such record.
    static func decode(_ bytes: [UInt8]) -> MemberRecord? {
        try? JSONDecoder().decode(MemberRecord.self, from: Data(bytes))
    }
}
