import AsyncHTTPClient
import Logging
import NIOCore
import NIOSSL
import SwitchboardCore

/// The call policy that was configured, with what has to be ended beside it.
struct CallPolicyHandle: Sendable {
    let policy: any CallPolicy
    let close: @Sendable () async -> Void

    /// - Parameter group: Carries the hook's connections; ended by its owner after `close`.
    static func open(
        _ settings: CallPolicySettings, group: any EventLoopGroup, counters: NodeCounters, logger: Logger
    ) -> CallPolicyHandle {
        switch settings {
        case .everyone: CallPolicyHandle(policy: EveryoneMayCall(), close: {})
        case .claim(_, let allowsWithoutClaim):
            CallPolicyHandle(policy: ClaimPolicy(allowsWithoutClaim: allowsWithoutClaim), close: {})
        case .hook(let hook): openHook(hook, group: group, counters: counters, logger: logger)
        }
    }

    private static func openHook(
        _ hook: CallHookSettings, group: any EventLoopGroup, counters: NodeCounters, logger: Logger
    ) -> CallPolicyHandle {
        let client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration(hook))
        let log = HookFailureLog(logger)
        let policy = HookPolicy(hook, client: client) { failure, conversation in
            counters.policyFailed()
            log.failed(failure, conversation)
        }
        return CallPolicyHandle(policy: policy, close: { try? await client.shutdown() })
    }

    static func configuration(_ hook: CallHookSettings) -> HTTPClient.Configuration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let file = hook.rootsFile { tls.trustRoots = .file(file) }
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls, redirectConfiguration: .disallow)
        // It tries again until then. A little before the question is given up, so that the reason becomes known.
        configuration.timeout = .init(connect: TimeAmount(hook.timeout * 9 / 10))
        configuration.connectionPool.idleTimeout = .seconds(60)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = hook.concurrency
        return configuration
    }
}
