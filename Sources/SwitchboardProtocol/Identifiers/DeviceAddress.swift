/// A device of a user: device ids are only unique within their user.
public struct DeviceAddress: Hashable, Comparable, Sendable {
    public let user: UserID
    public let device: DeviceID

    public init(user: UserID, device: DeviceID) {
        self.user = user
        self.device = device
    }

    public static func < (left: Self, right: Self) -> Bool {
        (left.user, left.device) < (right.user, right.device)
    }
}

extension DeviceAddress: CustomStringConvertible {
    public var description: String { "\(user)/\(device)" }
}
