/// What one HTTP connection may cost.
public struct HTTPLimits: Sendable {
    /// Sum of all names and values of a request's header fields, in bytes; more is answered 400.
    public var maxHeaderBytes = 16 * 1024
    public var maxHeaderFields = 100
    /// Largest request body in bytes; more is answered 413.
    public var maxBodyBytes = 64 * 1024
    /// Within this time after connecting, or after the last response, a complete request must have come.
    public var requestTimeout: Duration = .seconds(10)

    public init() {}
}
