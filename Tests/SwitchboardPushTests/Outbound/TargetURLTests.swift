import Testing

@testable import SwitchboardPush

@Suite("TargetURL")
struct TargetURLTests {
    @Test(
        "Read, and written anew",
        arguments: [
            ("https://push.example/a/b?c=d", "https://push.example/a/b?c=d"),
            ("HTTPS://Push.Example:443", "https://push.example/"), ("https://push.example:8443/x", nil),
            ("https://push.example?x", "https://push.example/?x"), ("https://127.0.0.1:9/", nil),
            ("https://[2001:DB8::1]/x", "https://[2001:db8:0:0:0:0:0:1]/x"),
            ("https://fcm.googleapis.com/fcm/send/abc:APA91b-_~%20", nil),
        ] as [(String, String?)])
    func good(text: String, expected: String?) throws {
        let url = try TargetURL(text)
        #expect(url.text == expected ?? text)
        #expect(try TargetURL(url.text) == url)
    }

    @Test("Its parts")
    func parts() throws {
        let url = try TargetURL("https://Push.Example:8443/x/y?z")
        #expect(url.host == "push.example")
        #expect(url.port == 8443)
        #expect(url.path == "/x/y?z")
        #expect(url.origin == "https://push.example:8443")
        #expect(try TargetURL("https://[::1]:5/").host == "0:0:0:0:0:0:0:1")
    }

    @Test(
        "Everything that readers of URLs disagree about is refused",
        arguments: [
            "", "https://", "http://push.example/", "push.example", "ftp://push.example", "https:///x",
            "https://user@push.example/", "https://a:b@push.example/", "https://push.example\\@evil.example/",
            "https://push.example#@evil.example/", "https://push.example/#x", "https://push.example /",
            "https://push.example/a b", "https://push.example/\n", "https://push.example:0/",
            "https://push.example:65536/", "https://push.example:/", "https://push.example:80:90/",
            "https://push_example/", "https://püsh.example/", "https://push.example%2eevil/", "https://[::1/",
            "https://[127.0.0.1]/", "https://[::1%25lo]/", "https://[::1]x/", "https://::1/", "https://\u{0}/",
        ])
    func bad(text: String) {
        #expect(throws: TargetRefusal.self) { try TargetURL(text) }
    }

    @Test("Too long")
    func long() {
        #expect(throws: TargetRefusal.self) {
            try TargetURL("https://push.example/" + String(repeating: "a", count: 2048))
        }
    }
}

@Suite("HostPattern")
struct HostPatternTests {
    private func allows(_ pattern: String, _ url: String) throws -> Bool {
        try #require(HostPattern(pattern)).matches(TargetURL(url))
    }

    @Test("A name is itself at port 443, and nothing else")
    func name() throws {
        #expect(try allows("push.example", "https://push.example/x"))
        #expect(try allows("PUSH.example", "https://push.EXAMPLE/x"))
        #expect(try !allows("push.example", "https://a.push.example/"))
        #expect(try !allows("push.example", "https://push.example.evil/"))
        #expect(try !allows("push.example", "https://evilpush.example/"))
        #expect(try !allows("push.example", "https://push.example:8443/"))
        #expect(try allows("push.example:8443", "https://push.example:8443/"))
        #expect(try !allows("push.example", "https://push.example./"), "a trailing dot is another spelling")
    }

    @Test("A wildcard is what lies below, at any depth, and not the name itself")
    func wildcard() throws {
        #expect(try allows("*.push.apple.com", "https://web.push.apple.com/x"))
        #expect(try allows("*.push.apple.com", "https://a.b.push.apple.com/x"))
        #expect(try !allows("*.push.apple.com", "https://push.apple.com/x"))
        #expect(try !allows("*.push.apple.com", "https://evil-push.apple.com/x"))
        #expect(try !allows("*.push.apple.com", "https://web.push.apple.com.evil.example/x"))
    }

    @Test(
        "What is no pattern",
        arguments: ["", "*", "*.", "*.com", "a.*.com", "https://a.b", "a.b/c", "*.127.0.0.1", "a b"])
    func none(text: String) {
        #expect(HostPattern(text) == nil)
    }

    @Test(
        "Written as it was read", arguments: ["push.example", "*.push.example", "push.example:8443", "127.0.0.1:4433"])
    func written(text: String) throws {
        #expect(try #require(HostPattern(text)).description == text)
    }

    @Test("The services of browsers are on the list, and what looks like them is not")
    func services() throws {
        let list = [HostPattern].webPushServices
        for good in [
            "https://fcm.googleapis.com/fcm/send/x", "https://updates.push.services.mozilla.com/wpush/v2/x",
            "https://web.push.apple.com/x", "https://wns2-par02p.notify.windows.com/w/?token=x",
        ] {
            #expect(throws: Never.self) { try list.check(TargetURL(good)) }
        }
        for bad in ["https://googleapis.com/", "https://fcm.googleapis.com.evil.example/", "https://localhost/"] {
            #expect(throws: TargetRefusal.self) { try list.check(TargetURL(bad)) }
        }
    }
}
