import SwitchboardCore
import SwitchboardProtocol
import SwitchboardTransport
import Testing

@Suite("Peer links: who is let in (sockets on loopback)", .serialized, .timeLimit(.minutes(1)))
struct PeerSecurityTests {
    /// Starts two nodes, lets each dial the other a few times, and expects that they never link.
    private func expectStrangers(
        _ a: PeerNode, _ b: PeerNode, sourceLocation: SourceLocation = #_sourceLocation
    ) async {
        a.setPeers(b)
        b.setPeers(a)
        for _ in 0..<3 {
            let answers = (a.heard.count, b.heard.count)
            a.service.probe(b.incarnation)
            b.service.probe(a.incarnation)
            await eventually("both attempts have ended", sourceLocation: sourceLocation) {
                a.heard.count > answers.0 && b.heard.count > answers.1
            }
        }
        // Refused, but there: a refusal is no sign that a process has ended.
        let wanted: (PeerNode) -> PeerNode.Heard = { .probed($0.incarnation.text, isGone: false) }
        #expect(a.heard.allSatisfy { $0 == wanted(b) }, sourceLocation: sourceLocation)
        #expect(b.heard.allSatisfy { $0 == wanted(a) }, sourceLocation: sourceLocation)
        await a.stop()
        await b.stop()
    }

    @Test("Another secret is refused")
    func wrongSecret() async throws {
        await expectStrangers(
            try await .start("a.1"), try await .start("b.1", security: .secret(Array("wrong".utf8))))
    }

    @Test("A node without a secret is refused by one with a secret, and the other way round")
    func noSecret() async throws {
        await expectStrangers(try await .start("a.1"), try await .start("b.1", security: .insecure))
        await expectStrangers(try await .start("a.1", security: .insecure), try await .start("b.1"))
    }

    @Test("Another cluster is refused, with the same secret")
    func wrongCluster() async throws {
        await expectStrangers(try await .start("a.1"), try await .start("b.1", cluster: "other"))
    }

    @Test("Two insecure nodes link")
    func insecure() async throws {
        let a = try await PeerNode.start("a.1", security: .insecure)
        let b = try await PeerNode.start("b.1", security: .insecure)
        a.setPeers(b)
        await eventually("linked") { a.isLinked(with: b) && b.isLinked(with: a) }
        await a.stop()
        await b.stop()
    }

    @Test("With mutual TLS nodes of one root link, and those of another do not")
    func mutualTLS() async throws {
        try await TestCertificates.withFiles { node, stranger in
            let a = try await PeerNode.start("a.1", security: .mutualTLS(node))
            let b = try await PeerNode.start("b.1", security: .mutualTLS(node))
            a.setPeers(b)
            await eventually("linked") { a.isLinked(with: b) && b.isLinked(with: a) }
            a.service.send([.nudge(1)], to: b.incarnation)
            await eventually("a frame arrives") { b.frames(from: a) == [.nudge(1)] }
            await b.stop()
            await eventually("gone") { a.heard.last == .down("b.1", isGone: true) }
            await a.stop()

            await expectStrangers(
                try await .start("a.1", security: .mutualTLS(node)),
                try await .start("b.1", security: .mutualTLS(stranger)))
            await expectStrangers(
                try await .start("a.1", security: .mutualTLS(node)), try await .start("b.1", security: .insecure))
        }
    }

    @Test("A certificate that is not there is an error that says so")
    func missingCertificate() async throws {
        let files = PeerTLSFiles(
            certificateChain: "/nowhere.pem", privateKey: "/nowhere.key", trustRoots: "/nowhere.pem")
        await #expect(throws: TransportError.self) { try await PeerNode.start("a.1", security: .mutualTLS(files)) }
    }
}
