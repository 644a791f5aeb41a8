public import SwitchboardPush

extension NodeSettings {
    /// How devices are woken.
    public struct Push: Sendable {
        public var providers = PushConfiguration()
        /// Further origins whose pages may register endpoints.
        public var origins: [String] = []
        /// Set in demo mode, if no key was configured: the node makes one beside this file.
        public var demoKeyBesideStore: String?

        public init() {}
    }

    /// Lines of the summary.
    var pushLines: [String] {
        var lines: [String] = []
        let providers = push.providers
        if let webPush = providers.webPush {
            lines.append("push         Web Push with key \(webPush.key.publicKey)")
            lines.append("             to \(webPush.hosts.map(\.description).joined(separator: ", "))")
        } else if push.demoKeyBesideStore != nil {
            lines.append("push         Web Push with a key that the node makes, for the demo")
        }
        if let apns = providers.apns {
            lines.append(
                "push         APNs as team \(apns.teamID) with key \(apns.keyID) for "
                    + apns.topics.sorted().joined(separator: ", "))
        }
        if let fcm = providers.fcm {
            lines.append("push         FCM as \(fcm.account.clientEmail), project \(fcm.account.projectID)")
        }
        if let webhook = providers.webhook { lines.append("push         webhook at \(webhook.url.text)") }
        if lines.isEmpty { lines.append("push         none: who is not connected is not reached") }
        if !push.origins.isEmpty {
            lines.append("             registered by pages of \(push.origins.joined(separator: ", ")) too")
        }
        if providers.allowsLoopback {
            lines.append("WARNING      push.allowLoopback: pushes may go to this very machine; for tests only")
        }
        if !providers.additionalRoots.isEmpty {
            lines.append("WARNING      push.trustRootsFile: certificates beside the system's are trusted by pushes")
        }
        return lines
    }
}
