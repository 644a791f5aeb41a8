import Foundation
import SwitchboardProtocol

/// The handshake of one connection between two nodes. Pure: frames in, steps out.
///
/// ```
/// dialler                                    acceptor
///   handshake(incarnation, nonce, expected) ──►
///                                           ◄── handshake(incarnation, nonce)
///   answer(proof of the dialler)            ──►
///                                           ◄── answer(proof of the acceptor)
/// ```
/// The dialler proves first, so a stranger learns nothing but names. An acceptor that is not the incarnation looked for
/// refuses with a proof of its own kind, so that nobody without the secret can make a node believe that a peer is gone.
struct PeerHandshakeStateMachine {
    enum Step: Equatable {
        case send([PeerPeerFrame])
        /// Send these, then frames may flow. `version` is the negotiated one.
        case established(peer: Incarnation, version: UInt32, sending: [PeerPeerFrame])
        /// The dialler's handshake is good so far: ask whether a connection with this peer is wanted, then go on with
        /// `admit` or `refuse`.
        case admission(of: Incarnation)
        /// Send these, then close.
        case refuse(PeerRefusal, sending: [PeerPeerFrame])
        /// The other side refused.
        case refused(PeerRefusal?, name: String)
        /// The dialler reached another incarnation, which proved that it belongs to the cluster.
        case otherIncarnation
    }

    private enum State {
        case awaitingHandshake
        case awaitingAdmission(PeerPeerFrame)
        case awaitingAnswer
        /// A handshake of another incarnation came; its refusal with proof follows.
        case awaitingRefusal
        case done
    }

    private let own: Incarnation
    private let cluster: String
    private let secret: [UInt8]?
    private let software: String
    private let featureLevel: UInt32
    /// The incarnation to reach; nil for the acceptor.
    private let target: Incarnation?
    private let nonce: [UInt8]
    private var state = State.awaitingHandshake
    private var peer: Other?

    private struct Other {
        var incarnation: Incarnation
        var nonce: [UInt8]
        var version: UInt32
    }

    private var isDialler: Bool { target != nil }

    init(_ configuration: PeerLinkConfiguration, dialling target: Incarnation?, nonce: [UInt8] = PeerProof.makeNonce())
    {
        own = configuration.incarnation
        cluster = configuration.cluster
        software = configuration.software
        featureLevel = configuration.featureLevel
        if case .secret(let bytes) = configuration.security { secret = bytes } else { secret = nil }
        self.target = target
        self.nonce = nonce
    }

    /// The dialler's first frame; the acceptor has none.
    func connected() -> [PeerPeerFrame] {
        isDialler ? [hello(expecting: target)] : []
    }

    mutating func frameReceived(_ frame: PeerPeerFrame) -> Step {
        switch (state, frame.frame) {
        case (.awaitingHandshake, .handshake(let handshake)):
            isDialler ? acceptorAnswered(handshake) : diallerCalled(handshake)
        case (.awaitingAnswer, .handshakeAnswer(let answer)):
            answerReceived(answer)
        case (.awaitingHandshake, .handshakeAnswer(let answer)) where isDialler:
            // Refused before the acceptor gave its name.
            refusalReceived(answer)
        case (.awaitingRefusal, .handshakeAnswer(let answer)):
            otherIncarnationAnswered(answer)
        default:
            refuse(.badHandshake)
        }
    }

    /// The acceptor wants the connection.
    mutating func admit() -> Step {
        guard case .awaitingAdmission(let reply) = state else { return refuse(.badHandshake) }
        state = .awaitingAnswer
        return .send([reply])
    }

    /// The acceptor does not want the connection.
    mutating func refuse(_ refusal: PeerRefusal) -> Step {
        state = .done
        return .refuse(refusal, sending: [answer(refusal: refusal)])
    }

    // MARK: - Acceptor

    private mutating func diallerCalled(_ handshake: PeerHandshake) -> Step {
        let other: Other
        do throws(PeerRefusal) { other = try check(handshake) } catch { return refuse(error) }
        peer = other
        guard handshake.expected == own.text else {
            state = .done
            var refusal = answer(refusal: .unexpectedIncarnation)
            refusal.handshakeAnswer.proof = .init(makeProof(.otherIncarnation))
            return .refuse(.unexpectedIncarnation, sending: [hello(expecting: nil), refusal])
        }
        state = .awaitingAdmission(hello(expecting: nil))
        return .admission(of: other.incarnation)
    }

    // MARK: - Dialler

    private mutating func acceptorAnswered(_ handshake: PeerHandshake) -> Step {
        let other: Other
        do throws(PeerRefusal) { other = try check(handshake) } catch { return refuse(error) }
        peer = other
        guard other.incarnation == target else {
            state = .awaitingRefusal
            return .send([])
        }
        state = .awaitingAnswer
        return .send([answer(proof: makeProof(.dialler))])
    }

    private mutating func otherIncarnationAnswered(_ answer: PeerHandshakeAnswer) -> Step {
        state = .done
        guard isValid(Array(answer.proof), .otherIncarnation) else {
            return .refused(.wrongSecret, name: "wrong_secret")
        }
        return .otherIncarnation
    }

    // MARK: - Both

    private mutating func answerReceived(_ answer: PeerHandshakeAnswer) -> Step {
        guard answer.refusal.isEmpty else { return refusalReceived(answer) }
        guard let peer, isValid(Array(answer.proof), isDialler ? .acceptor : .dialler) else {
            return refuse(.wrongSecret)
        }
        state = .done
        let reply = isDialler ? [] : [self.answer(proof: makeProof(.acceptor))]
        return .established(peer: peer.incarnation, version: peer.version, sending: reply)
    }

    private mutating func refusalReceived(_ answer: PeerHandshakeAnswer) -> Step {
        state = .done
        return .refused(PeerRefusal(rawValue: answer.refusal), name: answer.refusal)
    }

    private func check(_ handshake: PeerHandshake) throws(PeerRefusal) -> Other {
        guard handshake.cluster == cluster else { throw .wrongCluster }
        guard let version = PeerVersions.negotiate((handshake.minVersion, handshake.maxVersion)) else {
            throw .versionMismatch
        }
        guard let incarnation = Incarnation(handshake.incarnation), handshake.nonce.count == PeerProof.nonceLength
        else {
            throw .badHandshake
        }
        guard incarnation != own else { throw .ownIncarnation }
        return Other(incarnation: incarnation, nonce: Array(handshake.nonce), version: version)
    }

    private func hello(expecting expected: Incarnation?) -> PeerPeerFrame {
        var frame = PeerPeerFrame()
        frame.handshake.incarnation = own.text
        frame.handshake.cluster = cluster
        frame.handshake.minVersion = PeerVersions.supported.lowerBound
        frame.handshake.maxVersion = PeerVersions.supported.upperBound
        frame.handshake.featureLevel = featureLevel
        frame.handshake.nonce = .init(nonce)
        frame.handshake.expected = expected?.text ?? ""
        frame.handshake.software = software
        return frame
    }

    private func answer(proof: [UInt8] = [], refusal: PeerRefusal? = nil) -> PeerPeerFrame {
        var frame = PeerPeerFrame()
        frame.handshakeAnswer.proof = .init(proof)
        frame.handshakeAnswer.refusal = refusal?.rawValue ?? ""
        return frame
    }

    private var transcript: PeerProof? {
        guard let peer else { return nil }
        return isDialler
            ? PeerProof(
                cluster: cluster, diallerIncarnation: own.text, acceptorIncarnation: peer.incarnation.text,
                diallerNonce: nonce, acceptorNonce: peer.nonce)
            : PeerProof(
                cluster: cluster, diallerIncarnation: peer.incarnation.text, acceptorIncarnation: own.text,
                diallerNonce: peer.nonce, acceptorNonce: nonce)
    }

    /// Empty where no secret is configured.
    private func makeProof(_ role: PeerProof.Role) -> [UInt8] {
        guard let secret, let transcript else { return [] }
        return transcript.make(role, secret: secret)
    }

    private func isValid(_ proof: [UInt8], _ role: PeerProof.Role) -> Bool {
        guard let transcript else { return false }
        guard let secret else { return proof.isEmpty }
        return transcript.isValid(proof, role, secret: secret)
    }
}
