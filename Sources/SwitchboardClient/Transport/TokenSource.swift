/// Where a session gets the token for each connection that it opens.
public enum TokenSource: Sendable {
    /// The same each time: for short-lived programs and for tests.
    case fixed(String)
    /// Asked before each connection, and again a minute before the token (a JWT) expires, which renews it on the running
    /// connection. If it throws, the session backs off and asks again.
    case provider(@Sendable () async throws -> String)
}
