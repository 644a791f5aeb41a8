import Foundation
import JWTKit
import SwitchboardCore

/// The claims that count. Demo tokens say so, and count on nodes in demo mode only.
struct SwitchboardClaims: JWTPayload {
    var sub: SubjectClaim
    var exp: ExpirationClaim
    var nbf: NotBeforeClaim?
    var demo: Bool?
    /// Read from the claim that the parser names (`parser(permissionClaim:)`); never written.
    var mayCall: CallPermission?

    private enum CodingKeys: String, CodingKey { case sub, exp, nbf, demo }

    func verify(using algorithm: some JWTAlgorithm) async throws {
        try exp.verifyNotExpired()
        try nbf?.verifyNotBefore()
    }

    /// - Parameter permissionClaim: The claim that says whom the user may call; nil: none is looked at, whatever it holds.
    static func parser(permissionClaim: String?) -> DefaultJWTParser {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .secondsSince1970
        if let permissionClaim, let key = CodingUserInfoKey.permissionClaim { decoder.userInfo[key] = permissionClaim }
        return DefaultJWTParser(jsonDecoder: decoder)
    }
}

extension SwitchboardClaims {
    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        sub = try container.decode(SubjectClaim.self, forKey: .sub)
        exp = try container.decode(ExpirationClaim.self, forKey: .exp)
        nbf = try container.decodeIfPresent(NotBeforeClaim.self, forKey: .nbf)
        demo = try container.decodeIfPresent(Bool.self, forKey: .demo)
        if let key = CodingUserInfoKey.permissionClaim, let claim = decoder.userInfo[key] as? String {
            mayCall = try Self.permission(in: claim, of: decoder)
        }
    }

    /// A text or a list of texts. Anything else makes the whole token bad: its issuer meant to say something, and what is not
    /// understood must neither let the user call everybody nor look as if he were forbidden to.
    private static func permission(in claim: String, of decoder: any Decoder) throws -> CallPermission? {
        let container = try decoder.container(keyedBy: AnyName.self)
        let name = AnyName(stringValue: claim)
        guard container.contains(name), try !container.decodeNil(forKey: name) else { return nil }
        let entries =
            if let text = try? container.decode(String.self, forKey: name) {
                [text]
            } else {
                try container.decode([String].self, forKey: name)
            }
        guard let permission = CallPermission(entries) else {
            throw DecodingError.dataCorruptedError(
                forKey: name, in: container, debugDescription: "too many entries, or an empty or too long one")
        }
        return permission
    }
}

private struct AnyName: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

extension CodingUserInfoKey {
    fileprivate static let permissionClaim = CodingUserInfoKey(rawValue: "switchboard.permissionClaim")
}
