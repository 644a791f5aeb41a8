import Coordination
import Logging
import SwitchboardCore
import SwitchboardProtocol

/// The coordinator that was configured.
struct CoordinatorHandle: Sendable {
    let coordinator: any Coordinator
    let close: @Sendable () async -> Void

    static func open(
        _ cluster: NodeSettings.Cluster?, incarnation: Incarnation, member: NodeMember, logger: Logger,
        events: @escaping CoordinatorEventHandler
    ) async throws(NodeError) -> CoordinatorHandle {
        do {
            guard let cluster else {
                let coordinator = try InProcessCoordinator(incarnation: incarnation, member: member, events: events)
                return CoordinatorHandle(coordinator: coordinator, close: { await coordinator.close() })
            }
            let coordinator = try ZooKeeperCoordinator(
                ZooKeeperCoordinatorConfiguration(
                    hosts: cluster.zookeeperHosts, incarnation: incarnation, member: member,
                    sessionTimeout: cluster.sessionTimeout, logger: logger),
                events: events)
            return CoordinatorHandle(coordinator: coordinator, close: { await coordinator.close() })
        } catch {
            throw .coordinator("\(error)")
        }
    }
}
