import SwiftProtobuf
import SwitchboardProtocol
import Testing

@Suite struct FrameCodecTests {
    private var frame: WireClientFrame {
        .with {
            $0.send.conversation = "0f0e0d0c-0b0a-4900-8877-665544332211"
            $0.send.number = 7
            $0.send.message.description_p.type = "offer"
            $0.send.message.description_p.sdp = "v=0\r\n"
            $0.send.message.description_p.session = 1
        }
    }

    @Test(arguments: Subprotocol.allCases) func whatIsEncodedIsDecoded(subprotocol: Subprotocol) throws {
        let codec = FrameCodec(subprotocol)
        #expect(try codec.decode(WireClientFrame.self, from: try codec.encode(frame)) == frame)
    }

    @Test func jsonLooksAsTheProtocolDocumentSays() throws {
        let text = String(decoding: try FrameCodec(.json).encode(frame), as: UTF8.self)
        #expect(
            text == #"{"send":{"conversation":"0f0e0d0c-0b0a-4900-8877-665544332211","number":7,"message":"#
                + #"{"description":{"type":"offer","sdp":"v=0\r\n","session":1}}}}"#)
    }

    @Test func unknownFieldsAndKindsAreIgnored() throws {
        let text = #"{"send":{"conversation":"x","number":1,"message":{"teleport":{"to":"mars"}},"colour":"red"}}"#
        let decoded = try FrameCodec(.json).decode(WireClientFrame.self, from: Array(text.utf8))
        #expect(decoded.send.number == 1)
        #expect(decoded.send.message.content == nil)
    }

    @Test(arguments: ["", "{", "[]", "\"x\"", #"{"send":{"number":-1}}"#, #"{"send":{"number":"many"}}"#])
    func whatIsNoFrameIsMalformed(text: String) {
        #expect(throws: FrameCodecError.malformed) {
            try FrameCodec(.json).decode(WireClientFrame.self, from: Array(text.utf8))
        }
    }

    @Test func deepNestingIsMalformed() {
        let text = String(repeating: #"{"a":"#, count: 1000) + "1" + String(repeating: "}", count: 1000)
        #expect(throws: FrameCodecError.malformed) {
            try FrameCodec(.json).decode(WireClientFrame.self, from: Array(text.utf8))
        }
    }

    @Test func cutBinaryIsMalformed() throws {
        let bytes = try FrameCodec(.protobuf).encode(frame)
        #expect(throws: FrameCodecError.malformed) {
            try FrameCodec(.protobuf).decode(WireClientFrame.self, from: Array(bytes.dropLast(3)))
        }
    }

    @Test func theFirstKnownSubprotocolOfTheClientWins() {
        #expect(Subprotocol.negotiate(offered: ["x", "switchboard.v1.protobuf", "switchboard.v1.json"]) == .protobuf)
        #expect(Subprotocol.negotiate(offered: ["switchboard.v1.json"]) == .json)
        #expect(Subprotocol.negotiate(offered: ["switchboard.v2.json", ""]) == nil)
        #expect(Subprotocol.negotiate(offered: []) == nil)
    }
}
