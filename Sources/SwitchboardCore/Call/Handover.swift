import SwitchboardProtocol

/// A call on its way to another device of one of its users. The old device keeps it until the new one is connected.
struct Handover: Sendable, Equatable {
    var device: DeviceAddress
    var media: WireMedia
    /// Of the device's offer, higher than all before; it tells the messages of the new connection from those of the old
    /// one. 0: there is no offer yet.
    var session: UInt32 = 0
    var isDeviceConnected = false
    var isPeerConnected = false
}
