/// Times of what is done about media that is lost.
public struct RecoveryTimes: Sendable {
    /// From the loss to the caller's first ICE restart; many losses heal by themselves.
    public var callerRestart: Duration = .milliseconds(1500)
    /// From the loss to the callee's, if the caller's did not help: two at once would only meet.
    public var calleeRestart: Duration = .seconds(5)
    /// From one restart to the next.
    public var restartAgain: Duration = .seconds(8)
    /// Without media for so long, the call is given up.
    public var giveUp: Duration = .seconds(30)

    public init() {}
}
