import Foundation
import SwitchboardCore
import SwitchboardProtocol
import Testing

@testable import SwitchboardPush

@Suite("PushMessage and PushPayload")
struct PushPayloadTests {
    private let now = Date(timeIntervalSince1970: 1_700_000_000)

    @Test("An invite, as it stands in the document")
    func invite() {
        let payload = PushPayload(.sample(.sample()), now: now)
        #expect(
            payload.json == """
                {"audio":true,"caller":"alice","conversation":"0f8fad5b-d9cb-469f-a165-70867728950e",\
                "expiresAtMs":1700000045000,"type":"invite","video":true}
                """)
    }

    @Test("A cancel, as it stands in the document")
    func cancel() {
        let payload = PushPayload(
            .sample(.sample(), .cancel(.answeredElsewhere), expiresIn: .milliseconds(1500)), now: now)
        #expect(
            payload.json == """
                {"conversation":"0f8fad5b-d9cb-469f-a165-70867728950e","expiresAtMs":1700000001500,\
                "reason":"answered_elsewhere","type":"cancel"}
                """)
    }

    @Test("The longest caller's name fits into a push of any provider")
    func longest() {
        let caller = UserID(trusted: String(repeating: "\"", count: 128))
        let message = PushMessage.sample(
            .sample(), .invite(caller: caller, media: PairMedia(audio: true, video: false)))
        #expect(PushPayload(message, now: now).json.utf8.count < 1024)
    }

    @Test("The collapse key is of 32 characters, all of the base64url alphabet")
    func collapseKey() {
        #expect(PushMessage.sample(.sample()).collapseKey == sampleCollapseKey)
        #expect(sampleCollapseKey.count == 32)
    }

    @Test("Seconds are rounded up, and never none")
    func seconds() {
        #expect(PushMessage.sample(.sample(), expiresIn: .milliseconds(44_001)).secondsLeft == 45)
        #expect(PushMessage.sample(.sample(), expiresIn: .milliseconds(1)).secondsLeft == 1)
        #expect(PushMessage.sample(.sample(), expiresIn: .milliseconds(-5)).secondsLeft == 1)
    }

    @Test("base64url with and without padding; nothing else")
    func base64URL() {
        #expect(Base64URL.encode([0xfb, 0xff]) == "-_8")
        #expect(Base64URL.decode("-_8") == [0xfb, 0xff])
        #expect(Base64URL.decode("-_8=") == [0xfb, 0xff])
        #expect(Base64URL.decode("") == [])
        for bad in ["+/8", "a b", "a", "ä"] { #expect(Base64URL.decode(bad) == nil, "\(bad)") }
    }
}
