public import NIOSSL

/// Which providers a node has, with their keys, and where pushes may go.
public struct PushConfiguration: Sendable {
    public var webPush: WebPushProvider.Configuration?
    public var apns: APNsProvider.Configuration?
    public var fcm: FCMProvider.Configuration?
    public var webhook: WebhookProvider.Configuration?
    /// Pushes may go to this machine; for tests and trials only.
    public var allowsLoopback = false
    /// Trusted beside the system's certificates.
    public var additionalRoots: [NIOSSLCertificate] = []

    public init() {}

    public var isEmpty: Bool { webPush == nil && apns == nil && fcm == nil && webhook == nil }

    public func providers(http: any OutboundHTTP) -> [any PushProvider] {
        var providers: [any PushProvider] = []
        if let webPush { providers.append(WebPushProvider(webPush, http: http)) }
        if let apns { providers.append(APNsProvider(apns, http: http)) }
        if let fcm { providers.append(FCMProvider(fcm, http: http)) }
        if let webhook { providers.append(WebhookProvider(webhook, http: http)) }
        return providers
    }
}
