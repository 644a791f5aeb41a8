import Foundation
import SwitchboardProtocol
import Testing

@testable import SwitchboardTransport

@Suite("Peer handshake (pure)")
struct PeerHandshakeStateMachineTests {
    private func configuration(
        _ name: String, cluster: String = "c", security: PeerSecurity = .secret([1, 2, 3])
    ) -> PeerLinkConfiguration {
        PeerLinkConfiguration(incarnation: Incarnation(trusted: name), cluster: cluster, security: security)
    }

    private let a = Incarnation(trusted: "a")
    private let b = Incarnation(trusted: "b")

    private func frames(_ step: PeerHandshakeStateMachine.Step) -> [PeerPeerFrame] {
        switch step {
        case .send(let frames), .established(_, _, let frames), .refuse(_, let frames): frames
        default: []
        }
    }

    @Test("Dialler and acceptor prove themselves, the dialler first")
    func success() throws {
        var dialler = PeerHandshakeStateMachine(configuration("a"), dialling: b)
        var acceptor = PeerHandshakeStateMachine(configuration("b"), dialling: nil)
        #expect(acceptor.connected() == [])
        let hello = try #require(dialler.connected().first)
        #expect(acceptor.frameReceived(hello) == .admission(of: a))
        let reply = frames(acceptor.admit())
        #expect(reply.count == 1 && reply[0].handshakeAnswer.proof.isEmpty)
        let proof = frames(dialler.frameReceived(reply[0]))
        let accepted = acceptor.frameReceived(try #require(proof.first))
        guard case .established(a, version: 1, let last) = accepted else {
            Issue.record("\(accepted)")
            return
        }
        #expect(dialler.frameReceived(try #require(last.first)) == .established(peer: b, version: 1, sending: []))
    }

    @Test("A dialler without the secret is refused; an acceptor without it is found out")
    func secrets() throws {
        var dialler = PeerHandshakeStateMachine(configuration("a", security: .secret([9])), dialling: b)
        var acceptor = PeerHandshakeStateMachine(configuration("b"), dialling: nil)
        _ = acceptor.frameReceived(dialler.connected()[0])
        let proof = frames(dialler.frameReceived(frames(acceptor.admit())[0]))
        let step = acceptor.frameReceived(proof[0])
        guard case .refuse(.wrongSecret, let sending) = step else {
            Issue.record("\(step)")
            return
        }
        #expect(dialler.frameReceived(sending[0]) == .refused(.wrongSecret, name: "wrong_secret"))

        // An acceptor that believes anybody, and sends the dialler's own proof back.
        var victim = PeerHandshakeStateMachine(configuration("a"), dialling: b)
        var liar = PeerHandshakeStateMachine(configuration("b", security: .insecure), dialling: nil)
        _ = liar.frameReceived(victim.connected()[0])
        let victimsProof = frames(victim.frameReceived(frames(liar.admit())[0]))
        guard case .refuse(.wrongSecret, _) = victim.frameReceived(victimsProof[0]) else {
            Issue.record("a reflected proof was believed")
            return
        }
    }

    @Test("A recorded proof is worth nothing on the next connection")
    func replay() throws {
        func acceptor(answering hello: PeerPeerFrame) -> (PeerHandshakeStateMachine, PeerPeerFrame) {
            var acceptor = PeerHandshakeStateMachine(configuration("b"), dialling: nil)
            _ = acceptor.frameReceived(hello)
            let reply = frames(acceptor.admit())[0]
            return (acceptor, reply)
        }
        var dialler = PeerHandshakeStateMachine(configuration("a"), dialling: b)
        let hello = dialler.connected()[0]
        let (_, reply) = acceptor(answering: hello)
        let proof = frames(dialler.frameReceived(reply))[0]
        var (second, _) = acceptor(answering: hello)
        guard case .refuse(.wrongSecret, _) = second.frameReceived(proof) else {
            Issue.record("a replayed proof was believed")
            return
        }
    }

    @Test("Another incarnation says so with proof; without proof it is not believed")
    func otherIncarnation() throws {
        var dialler = PeerHandshakeStateMachine(configuration("a"), dialling: b)
        var other = PeerHandshakeStateMachine(configuration("b2"), dialling: nil)
        let answers = frames(other.frameReceived(dialler.connected()[0]))
        #expect(answers.count == 2)
        #expect(dialler.frameReceived(answers[0]) == .send([]))
        #expect(dialler.frameReceived(answers[1]) == .otherIncarnation)

        var doubting = PeerHandshakeStateMachine(configuration("a"), dialling: b)
        var impostor = PeerHandshakeStateMachine(configuration("b2", security: .secret([9])), dialling: nil)
        let lies = frames(impostor.frameReceived(doubting.connected()[0]))
        #expect(doubting.frameReceived(lies[0]) == .send([]))
        #expect(doubting.frameReceived(lies[1]) == .refused(.wrongSecret, name: "wrong_secret"))
    }

    @Test("Versions: the highest of both, or refused")
    func versions() {
        #expect(PeerVersions.negotiate((1, 1)) == 1)
        #expect(PeerVersions.negotiate((1, 7)) == 1)
        #expect(PeerVersions.negotiate((2, 7)) == nil)
        #expect(PeerVersions.negotiate((0, 0)) == nil)
        var acceptor = PeerHandshakeStateMachine(configuration("b"), dialling: nil)
        var hello = PeerHandshakeStateMachine(configuration("a"), dialling: b).connected()[0]
        hello.handshake.minVersion = 2
        hello.handshake.maxVersion = 3
        guard case .refuse(.versionMismatch, _) = acceptor.frameReceived(hello) else {
            Issue.record("a version out of range was let in")
            return
        }
    }

    @Test("A node does not link with itself, nor with a cluster of another name, nor without a nonce")
    func refusals() {
        func refusal(_ change: (inout PeerPeerFrame) -> Void) -> PeerRefusal? {
            var acceptor = PeerHandshakeStateMachine(configuration("b"), dialling: nil)
            var hello = PeerHandshakeStateMachine(configuration("a"), dialling: b).connected()[0]
            change(&hello)
            guard case .refuse(let refusal, _) = acceptor.frameReceived(hello) else { return nil }
            return refusal
        }
        #expect(refusal { _ in } == nil)
        #expect(refusal { $0.handshake.incarnation = "b" } == .ownIncarnation)
        #expect(refusal { $0.handshake.cluster = "d" } == .wrongCluster)
        #expect(refusal { $0.handshake.nonce = .init() } == .badHandshake)
        #expect(refusal { $0.handshake.incarnation = "" } == .badHandshake)
        #expect(refusal { $0.keepalive = .init() } == .badHandshake)
    }
}
