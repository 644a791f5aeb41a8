import Logging
import NIOCore
import SwitchboardCore
import SwitchboardProtocol
import SwitchboardPush

/// What a node has for pushes: where devices register, and, if a provider is configured, what sends.
struct PushParts: Sendable {
    let routes: PushRoutes
    let outbox: any PushOutbox
    private let service: PushService?

    /// - Parameter report: see `PushDispatcher.Report`.
    /// - Throws: `SettingsError` if the demo's key can't be made.
    init(
        _ settings: NodeSettings.Push, outbox: any PushOutbox, node: Incarnation, group: any EventLoopGroup,
        verifier: TokenVerifier, demo: DemoGate, logger: Logger, report: @escaping PushDispatcher.Report
    ) throws(SettingsError) {
        var configuration = settings.providers
        if let path = settings.demoKeyBesideStore {
            configuration.webPush = try DemoPushKey.readOrMake(beside: path)
        }
        if configuration.allowsLoopback {
            logger.warning("push.allowLoopback is set: pushes may go to this very machine")
        }
        self.outbox = outbox
        routes = PushRoutes(
            configuration, origins: settings.origins, verifier: verifier, demo: demo, outbox: outbox)
        service =
            configuration.isEmpty
            ? nil
            : PushService(
                configuration, outbox: outbox, node: node, group: group, logger: logger, report: report)
    }

    var metrics: [PushProviderKind: PushMetrics.Values] { service?.dispatcher.metrics.current ?? [:] }

    func pushesCommitted() { service?.dispatcher.pushesCommitted() }
    func run() async { await service?.run() }
    func shutdown() async { await service?.shutdown() }
}
