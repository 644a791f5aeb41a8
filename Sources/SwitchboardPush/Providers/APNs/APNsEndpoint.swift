import Foundation

/// What an app says of its device token.
struct APNsEndpoint: Codable, Equatable, Sendable {
    enum Environment: String, Codable, Sendable {
        case production
        case sandbox
    }

    /// The app's bundle id, without `.voip`.
    var topic: String
    var environment: Environment
    /// The target is PushKit's token: invites come as VoIP pushes.
    var voip: Bool
    /// With `voip`: the device's token for ordinary pushes, for cancels. iOS ends an app that gets a VoIP push and shows no call,
    /// so that a cancel must never be one.
    var ordinaryToken: String?

    private struct Fields: Decodable {
        var topic: String?
        var environment: String?
        var voip: Bool?
        var ordinaryToken: String?
    }

    /// - Throws: `KeyError`.
    init(parameters: some Sequence<UInt8>) throws(KeyError) {
        guard let fields = try? JSONDecoder().decode(Fields.self, from: Data(parameters)), let topic = fields.topic
        else { throw KeyError("parameters must hold topic (the bundle id), and may hold environment and voip") }
        guard let environment = Environment(rawValue: fields.environment ?? "production") else {
            throw KeyError("environment must be production or sandbox")
        }
        self.topic = topic
        self.environment = environment
        voip = fields.voip ?? false
        ordinaryToken = fields.ordinaryToken?.lowercased()
        guard voip else {
            if ordinaryToken != nil { throw KeyError("ordinaryToken goes with voip only") }
            return
        }
        guard let ordinaryToken, Self.isToken(ordinaryToken) else {
            throw KeyError("with voip, ordinaryToken is needed: the device's other token, for a cancel is no VoIP push")
        }
    }

    /// Hexadecimal, in lower case. Apple asks not to assume a length; today there are 64 digits.
    static func isToken(_ text: String) -> Bool {
        (32...512).contains(text.utf8.count) && text.utf8.count % 2 == 0
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    var parameters: String { JSONText.of(self) }
}
