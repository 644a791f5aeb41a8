import SwitchboardProtocol
import Testing

@Suite struct ConversationIDTests {
    private let text = "0f0e0d0c-0b0a-4900-8877-665544332211"

    @Test func textAndBytesAreTheSameId() throws {
        let id = try #require(ConversationID(text))
        #expect(id.description == text)
        #expect(ConversationID(bytes: id.bytes) == id)
        #expect(id.bytes.prefix(4) == [0x0f, 0x0e, 0x0d, 0x0c])
        #expect(id.high == 0x0f0e_0d0c_0b0a_4900)
    }

    @Test func upperCaseIsTheSameId() {
        #expect(ConversationID(text.uppercased()) == ConversationID(text))
    }

    @Test(arguments: [
        "", "0f0e0d0c-0b0a-4900-8877-66554433221", "0f0e0d0c-0b0a-4900-8877-6655443322110",
        "0f0e0d0c0b0a49008877665544332211", "0f0e0d0c-0b0a-4900-8877-66554433221g",
        "0f0e0d0c+0b0a-4900-8877-665544332211", "{f0e0d0c-0b0a-4900-8877-66554433221}",
        "0f0e0d0c-0b0a-4900-8877-66554433221\u{0}", "００f0e0d0c-0b0a-4900-8877-665544332",
    ]) func anythingElseIsNone(text: String) {
        #expect(ConversationID(text) == nil)
    }

    @Test func bytesOfAnotherLengthAreNone() {
        #expect(ConversationID(bytes: [UInt8](repeating: 1, count: 15)) == nil)
        #expect(ConversationID(bytes: [UInt8](repeating: 1, count: 17)) == nil)
    }

    @Test func orderIsThatOf128Bits() {
        #expect(ConversationID(high: 1, low: 0) > ConversationID(high: 0, low: .max))
        #expect(ConversationID(high: 1, low: 1) < ConversationID(high: 1, low: 2))
    }
}
