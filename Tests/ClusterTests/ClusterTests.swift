import Testing

/// Whole clusters of real processes (three ZooKeeper servers, PostgreSQL, three nodes, HAProxy) and real clients.
///
/// One after the other: they share a cluster, and they measure.
@Suite("Cluster of real processes", .serialized)
enum ClusterTests {}
