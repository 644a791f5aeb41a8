import SwitchboardClient
import Testing

@Suite("Server endpoint")
struct ServerEndpointTests {
    @Test(
        "reads URLs",
        arguments: [
            ("ws://127.0.0.1:8080", false, "127.0.0.1", 8080, "/v1/connect", "127.0.0.1:8080"),
            ("ws://example.org", false, "example.org", 80, "/v1/connect", "example.org"),
            ("wss://example.org/", true, "example.org", 443, "/v1/connect", "example.org"),
            ("wss://example.org:8443/a/b?c=d", true, "example.org", 8443, "/a/b?c=d", "example.org:8443"),
            ("ws://[::1]:8080/v1/connect", false, "::1", 8080, "/v1/connect", "[::1]:8080"),
            ("ws://h?x=1", false, "h", 80, "/v1/connect?x=1", "h"),
        ])
    func reads(url: String, isSecure: Bool, host: String, port: Int, path: String, authority: String) throws {
        let endpoint = try ServerEndpoint(url: url)
        #expect(endpoint.isSecure == isSecure)
        #expect(endpoint.host == host)
        #expect(endpoint.port == port)
        #expect(endpoint.path == path)
        #expect(endpoint.authority == authority)
    }

    @Test(
        "refuses what is none",
        arguments: ["http://h", "h:80", "ws://", "ws://h:0", "ws://h:x", "ws://[::1", "ws://:80"])
    func refuses(url: String) {
        #expect(throws: ServerEndpointError.self) { try ServerEndpoint(url: url) }
    }
}
