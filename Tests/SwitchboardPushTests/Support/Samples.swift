import Crypto
import Foundation
import SwitchboardCore
import SwitchboardProtocol

@testable import SwitchboardPush

let sampleCall = ConversationID("0f8fad5b-d9cb-469f-a165-70867728950e") ?? ConversationID(high: 0, low: 0)
let sampleCollapseKey = "0f8fad5bd9cb469fa16570867728950e"

extension PushEndpoint {
    static func sample(
        _ provider: PushProviderKind = .fcm, target: String = "target", parameters: String = "{}"
    ) -> PushEndpoint {
        PushEndpoint(
            id: EndpointRules.id(of: provider, target), user: UserID(trusted: "bob"), provider: provider,
            target: target, parameters: parameters)
    }
}

extension ClaimedPush.Kind {
    static let invite = ClaimedPush.Kind.invite(
        caller: UserID(trusted: "alice"), media: PairMedia(audio: true, video: true))
}

extension PushMessage {
    static func sample(
        _ endpoint: PushEndpoint, _ kind: ClaimedPush.Kind = .invite, expiresIn: Duration = .seconds(45)
    ) -> PushMessage {
        PushMessage(conversation: sampleCall, kind: kind, endpoint: endpoint, expiresIn: expiresIn)
    }
}

/// The members of a JSON object.
func object(_ text: String) throws -> [String: Any] {
    try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
}
