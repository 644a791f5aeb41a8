import Testing

@testable import SwitchboardNode

@Suite("IceServerURL")
struct IceServerURLTests {
    @Test(
        "Addresses that browsers take",
        arguments: [
            "stun:s", "stun:stun.example.org:3478", "stuns:s", "turn:t", "turn:192.0.2.1:3478?transport=udp",
            "turns:turn.example.org:443?transport=tcp", "turn:[2001:db8::1]", "turn:[2001:db8::1]:3478?transport=tcp",
            "stun:[::ffff:192.0.2.1]:1",
        ])
    func good(text: String) throws {
        let url = try #require(IceServerURL(text))
        #expect(url.text == text)
        #expect(url.isTurn == text.hasPrefix("turn"))
    }

    @Test(
        "Addresses at which browsers throw",
        arguments: [
            "", "stun", "stun:", "turn:?transport=udp", "http://x", "STUN:s", "stun://s", "turn:u@t", "turn:t:0",
            "turn:t:65536", "turn:t:", "turn:t:+1", "turn:t:3478:1", "turn:t?transport=sctp", "turn:t?x=1",
            "turn:t?transport=udp&x=1", "stun:s?transport=udp", "turn:[2001:db8::1", "turn:[t]", "turn:2001:db8::1",
            "turn:[::1]3478", "turn:t t", "turn:t/path", "turn:t#f", " turn:t", "turn:tü",
        ])
    func bad(text: String) {
        #expect(IceServerURL(text) == nil)
    }
}
