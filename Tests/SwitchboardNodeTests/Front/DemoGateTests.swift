import Testing

@testable import SwitchboardNode

@Suite("DemoGate")
struct DemoGateTests {
    private func isAllowed(
        _ mode: NodeSettings.Demo, host: String = "localhost:8080", origin: String? = nil, isForwarded: Bool = false
    ) -> Bool {
        DemoGate(mode: mode).check(host: host, origin: origin, hasForwardedHeaders: isForwarded) == .allowed
    }

    @Test(
        "Names of this machine, in any case, with or without port",
        arguments: ["localhost", "LocalHost:80", "127.0.0.1", "127.0.0.1:8080", "[::1]", "[::1]:8080"])
    func localNames(host: String) {
        #expect(isAllowed(.byDefault, host: host))
        #expect(isAllowed(.asked, host: host))
        #expect(!isAllowed(.off, host: host))
    }

    @Test(
        "Names that only look like it",
        arguments: [
            "", ":8080", "localhost.evil.example", "evil.localhost", "127.0.0.1.evil.example", "127.0.0.2", "0.0.0.0",
            "::1", "[::2]", "[::1", "[::1].evil.example", "localhost@evil.example", "example.com",
        ])
    func foreignNames(host: String) {
        #expect(!isAllowed(.byDefault, host: host))
        #expect(!isAllowed(.asked, host: host))
    }

    @Test("A page of the same host and port may, no other; who sends no Origin is no page")
    func origins() {
        #expect(isAllowed(.asked, origin: nil))
        #expect(isAllowed(.asked, origin: "http://localhost:8080"))
        #expect(isAllowed(.asked, origin: "HTTPS://LOCALHOST:8080"))
        for origin in ["http://localhost", "http://localhost:9090", "http://evil.example", "null", "", "localhost:80"] {
            #expect(!isAllowed(.asked, origin: origin), "\(origin)")
        }
    }

    @Test("Forwarded requests only where somebody asked for demo mode")
    func forwarded() {
        #expect(!isAllowed(.byDefault, isForwarded: true))
        #expect(isAllowed(.asked, isForwarded: true))
        #expect(!isAllowed(.asked, host: "example.com", isForwarded: true))
    }

    @Test("A refusal says why, without repeating a long host")
    func reason() {
        let verdict = DemoGate(mode: .asked).check(
            host: String(repeating: "x", count: 5000), origin: nil, hasForwardedHeaders: false)
        guard case .refused(let reason) = verdict else { return #expect(Bool(false)) }
        #expect(reason.contains("localhost"))
        #expect(reason.count < 200)
    }
}
