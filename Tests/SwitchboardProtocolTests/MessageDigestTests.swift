import SwiftProtobuf
import SwitchboardProtocol
import Testing

@Suite struct MessageDigestTests {
    private func invite(_ callee: String, age: Double = 0) -> WireMessage {
        .with {
            $0.invite.callee = callee
            $0.invite.ageMs = age
        }
    }

    @Test func theSameContentHasTheSameDigest() {
        #expect(invite("bob").digest() == invite("bob").digest())
        #expect(invite("bob").digest() != invite("bop").digest())
        #expect(WireMessage.with { $0.info.body = "a" }.digest() != WireMessage.with { $0.info.type = "a" }.digest())
    }

    /// It grows with every repetition of the same invite.
    @Test func theAgeOfAnInviteIsNoContent() {
        #expect(invite("bob", age: 10).digest() == invite("bob", age: 20_000).digest())
    }

    /// Written into logs, so it must never change.
    @Test func theValueIsFixed() {
        #expect(WireMessage().digest() == 0xcbf2_9ce4_8422_2325)
        #expect(WireMessage.with { $0.accept = WireAccept() }.digest() == 0x07e7_c407_b4ab_ea67)
    }
}
