/// Why an endpoint is not taken. The name is stable, for programs; the description says what to do.
public enum RegistrationRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    case malformed(String)
    case unknownProvider(String)
    case notConfigured(String)
    case targetNotAllowed(String)

    public var name: String {
        switch self {
        case .malformed: "invalid_endpoint"
        case .unknownProvider: "unknown_provider"
        case .notConfigured: "provider_not_configured"
        case .targetNotAllowed: "target_not_allowed"
        }
    }

    public var description: String {
        switch self {
        case .malformed(let reason): reason
        case .unknownProvider(let text): "\(text) is none of web_push, apns, fcm, webhook."
        case .notConfigured(let text): "This server sends no pushes by \(text); its operator can configure it."
        case .targetNotAllowed(let reason): reason
        }
    }
}
