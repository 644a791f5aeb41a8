/// What a `CallCenter` tells its application, in order.
public enum CallCenterEvent: Sendable {
    /// A call rings here: show it. (One that ended before it could be shown is not told.)
    case incoming(Call)
    /// A call of before the application was started anew goes on here, on a new peer connection.
    case resumed(Call)
    /// A call came while this device was in one, and was told so (`CallOptions.busyWhenInCall`). It has ended here.
    case busy(Call)
    /// The calls of this user that go on on other devices have changed; all of them.
    case elsewhere([CallElsewhere])
    case connection(ConnectionStatus)
    /// An error of the connection as a whole, which is made again.
    case problem(ServerError)
}
