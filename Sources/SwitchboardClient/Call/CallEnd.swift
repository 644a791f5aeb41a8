public import SwitchboardProtocol

/// Why a call ended on this device.
public struct CallEnd: Sendable, Equatable {
    /// A reason of the protocol's table; or `ignored`, which this device itself has said. Unknown ones mean `hangup`.
    public let reason: String
    /// More to say, mostly nil: `caller_lost`.
    public let detail: String?

    init(_ reason: String, detail: String = "") {
        self.reason = reason.isEmpty ? EndReason.hangup.rawValue : reason
        self.detail = detail.isEmpty ? nil : detail
    }

    init(_ reason: EndReason) {
        self.init(reason.rawValue)
    }

    /// The reason, if this version knows it.
    public var known: EndReason? { EndReason(rawValue: reason) }

    /// Nobody on this side has dealt with an incoming call: to be shown as missed. One that was answered or declined on
    /// another device is none, nor is one that this device itself has put aside.
    public var isMissed: Bool {
        switch known {
        case .cancelled, .noAnswer, .expired: true
        default: false
        }
    }
}
