import SwitchboardProtocol

/// A connection to which the leader sends what is queued for its device.
struct DeliveryTarget: Sendable {
    var address: DeviceAddress
    /// Number of the last delivery put on the way to this connection.
    var sent: UInt32
    /// Found by presence and rung; its front has not attached it yet.
    var isUnattached = false
}
