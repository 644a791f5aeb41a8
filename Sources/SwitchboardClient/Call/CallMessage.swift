import SwitchboardProtocol

/// Messages of a call that have little in them.
enum CallMessage {
    static let ringing = of(.ringing(WireRinging()))
    static let reject = of(.reject(WireReject()))
    static let ignore = of(.ignore(WireIgnore()))
    static let busy = of(.busy(WireBusy()))
    static let cancel = of(.cancel(WireCancel()))
    static let reconnecting = of(.reconnecting(WireReconnecting()))

    static func hangup(_ reason: EndReason) -> WireMessage {
        var hangup = WireHangup()
        hangup.reason = reason.rawValue
        return of(.hangup(hangup))
    }

    static func mediaState(_ media: MediaState) -> WireMessage {
        var state = WireMediaState()
        state.audioMuted = media.audioMuted
        state.videoMuted = media.videoMuted
        state.screen = media.screen
        return of(.mediaState(state))
    }

    private static func of(_ content: WireMessage.OneOf_Content) -> WireMessage {
        var message = WireMessage()
        message.content = content
        return message
    }
}
