import Testing

@testable import SwitchboardCore

@Suite struct MessageRulesTests {
    /// What Chromium makes of `createOffer`, shortened.
    private let chromiumOffer = """
        v=0\r
        o=- 4611731400430051336 2 IN IP4 127.0.0.1\r
        s=-\r
        t=0 0\r
        a=group:BUNDLE 0\r
        m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r
        c=IN IP4 0.0.0.0\r
        a=rtcp:9 IN IP4 0.0.0.0\r
        a=ice-ufrag:qF3v\r
        a=ice-options:trickle\r
        a=fingerprint:sha-256 6B:8B:F0\r
        """
    /// Firefox: no `a=rtcp`, and its origin names itself.
    private let firefoxOffer = """
        v=0\r
        o=mozilla...THIS_IS_SDPARTA-99.0 7 0 IN IP4 0.0.0.0\r
        s=-\r
        m=audio 9 UDP/TLS/RTP/SAVPF 109\r
        c=IN IP4 0.0.0.0\r
        a=sendrecv\r
        a=end-of-candidates\r
        """

    @Test func whatBrowsersCreateHoldsNoAddress() {
        #expect(!MessageRules.holdsAddress(chromiumOffer))
        #expect(!MessageRules.holdsAddress(firefoxOffer))
        #expect(!MessageRules.holdsAddress("v=0\nc=IN IP6 ::\n"))
        #expect(!MessageRules.holdsAddress(""))
    }

    @Test(arguments: [
        "a=candidate:842163049 1 udp 1677729535 203.0.113.7 46154 typ srflx\r\n", "c=IN IP4 203.0.113.7\r\n",
        "c=IN IP4 224.2.36.42/127\r\n", "a=rtcp:53020 IN IP4 203.0.113.7\r\n", "c=IN IP6 2001:db8::1\r\n",
        "a=candidate:1 1 udp 1 f3b9c0de-1234.local 9 typ host\n", "c=IN IP4 host.example\r\n",
        "c=IN  IP4  203.0.113.7\r\n", "a=rtcp:9 IN IP6 2001:db8::1\r\n",
    ]) func linesThatTellAnAddressAreSeen(line: String) {
        #expect(MessageRules.holdsAddress(chromiumOffer + "\r\n" + line))
        #expect(MessageRules.holdsAddress(line + firefoxOffer))
    }

    /// Case and blanks must not be a way round.
    @Test(arguments: [
        "C=IN IP4 203.0.113.7\r\n", "c=in ip4 203.0.113.7\r\n", "A=candidate:1 1 udp 1 203.0.113.7 9 typ host\r\n",
        " c=IN IP4 203.0.113.7\r\n", "c= IN IP4 203.0.113.7\r\n", "a=CANDIDATE:1 1 udp 1 203.0.113.7 9\r\n",
    ])
    func spellingIsNoWayRound(line: String) {
        #expect(MessageRules.holdsAddress(chromiumOffer + "\r\n" + line))
    }
}
