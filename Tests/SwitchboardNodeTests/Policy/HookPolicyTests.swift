import AsyncHTTPClient
import Foundation
import HTTPTestSupport
import LocalCluster
import Logging
import NIOConcurrencyHelpers
import NIOPosix
import NIOSSL
import SwiftProtobuf
import SwitchboardCore
import SwitchboardProtocol
import Testing

@testable import SwitchboardNode

@Suite("HookPolicy against a server on loopback", .timeLimit(.minutes(1)))
struct HookPolicyTests {
    private static let secret = Secret(text: "a secret of more than enough bytes")

    /// A policy with its own client, as the node makes it, and what it told of failures.
    private final class Asking: Sendable {
        let policy: HookPolicy
        private let client: HTTPClient
        private let failures: NIOLockedValueBox<[CallHookFailure]>

        init(_ settings: CallHookSettings) {
            client = HTTPClient(
                eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton),
                configuration: CallPolicyHandle.configuration(settings))
            let failures = NIOLockedValueBox<[CallHookFailure]>([])
            self.failures = failures
            policy = HookPolicy(settings, client: client) { failure, _ in
                failures.withLockedValue { $0.append(failure) }
            }
        }

        var failed: [CallHookFailure] { failures.withLockedValue { $0 } }

        func verdict(callee: String = "bob") async -> CallVerdict {
            await policy.verdict(
                on: ProposedCall(
                    conversation: ConversationID(high: 7, low: 8), caller: UserID(trusted: "alice"), callee: callee,
                    media: WireMedia.with { $0.video = true }))
        }

        func close() async throws { try await client.shutdown() }
    }

    private func settings(_ server: HookServer, _ change: (inout CallHookSettings) -> Void = { _ in })
        -> CallHookSettings
    {
        var settings = CallHookSettings(url: server.url, secret: Self.secret)
        settings.timeout = .seconds(10)
        change(&settings)
        return settings
    }

    private func with(
        _ server: HookServer, _ settings: CallHookSettings? = nil, _ body: (Asking) async throws -> Void
    ) async throws {
        let asking = Asking(settings ?? self.settings(server))
        try await body(asking)
        try await asking.close()
        try await server.stop()
    }

    @Test("It asks with a signed POST, goes by the answer, and keeps the connection")
    func verdicts() async throws {
        let server = try await HookServer.start { _, number in .verdict(["allow", "refuse", "silent"][number - 1]) }
        try await with(server) { asking in
            for expected in [CallVerdict.allowed, .refused, .silent] { #expect(await asking.verdict() == expected) }
            let seen = server.current
            #expect(seen.connections == 1)
            let request = try #require(seen.requests.first)
            #expect(request.head.first == "POST /may-call HTTP/1.1")
            #expect(request.header("content-type") == "application/json")
            let signature = try #require(request.header("switchboard-signature"))
            let time = try #require(signature.firstMatch(of: /^t=(\d+),v1=[0-9a-f]{64}$/)?.1)
            let seconds = try #require(Int64(time))
            #expect(abs(Double(seconds) - Date().timeIntervalSince1970) < 60)
            #expect(
                signature == CallHookQuestion.signature(of: request.body, secret: Self.secret, wallSeconds: seconds))
            #expect(String(decoding: request.body, as: UTF8.self).contains(#""callee":"bob""#))
            #expect(asking.failed.isEmpty)
        }
    }

    @Test(
        "Garbage, wrong statuses, redirects, endless and broken answers: the choice for failures",
        arguments: [false, true])
    func garbage(allows: Bool) async throws {
        let elsewhere = try await HookServer.start { _, _ in .verdict("silent") }
        let long = "{\"verdict\":\"silent\"}" + String(repeating: " ", count: 5000)
        let chunk = String(long.utf8.count, radix: 16)
        let cases: [(HookServer.Reply, CallHookFailure?)] = [
            (.status(200, "certainly"), .notUnderstood), (.verdict("perhaps"), .notUnderstood),
            (.status(200, long), .answerTooLong),
            (.raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\(chunk)\r\n" + long), .answerTooLong),
            (.status(500, #"{"verdict":"silent"}"#), .status(500)), (.status(403, ""), .status(403)),
            (.status(302, "", headers: ["location: \(elsewhere.url)"]), .status(302)),
            (.raw("no HTTP at all\r\n\r\n"), nil),
            (.raw("HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{", closes: true), nil),
            (.hangUp, .connectionLost),
        ]
        for (reply, failure) in cases {
            let server = try await HookServer.start { _, _ in reply }
            try await with(server, settings(server) { $0.allowsOnFailure = allows }) { asking in
                #expect(await asking.verdict() == (allows ? .allowed : .refused), "\(reply)")
                #expect(asking.failed.count == 1)
                if let failure { #expect(asking.failed == [failure]) }
            }
        }
        #expect(elsewhere.current.requests.isEmpty)
        try await elsewhere.stop()
    }

    @Test("No answer, half an answer: given up after the time-out, not later", arguments: [false, true])
    func timeout(hasHead: Bool) async throws {
        let server = try await HookServer.start { _, _ in
            hasHead ? .raw("HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{") : .never
        }
        try await with(server, settings(server) { $0.timeout = .milliseconds(300) }) { asking in
            let took = await ContinuousClock().measure { #expect(await asking.verdict() == .refused) }
            #expect(took >= .milliseconds(290))
            #expect(took < .seconds(5))
            #expect(asking.failed == [.timedOut])
        }
    }

    @Test("A connection that the server closed at the moment of its use is no failure")
    func staleConnection() async throws {
        let server = try await HookServer.start { _, number in number == 2 ? .hangUp : .verdict("allow") }
        try await with(server) { asking in
            #expect(await asking.verdict() == .allowed)
            #expect(await asking.verdict() == .allowed)
            #expect(asking.failed.isEmpty)
            #expect(server.current.requests.count == 3)
        }
    }

    @Test("A server that comes back within the time-out is asked; one that does not is named")
    func refusedConnections() async throws {
        let gone = try await HookServer.start { _, _ in .verdict("allow") }
        let port = gone.port
        try await gone.stop()
        let down = Asking(settings(gone) { $0.timeout = .milliseconds(500) })
        #expect(await down.verdict() == .refused)
        try await down.close()
        #expect("\(down.failed)".contains("cannot be reached"), "\(down.failed)")

        let asking = Asking(settings(gone))
        async let verdict = asking.verdict()
        let back = try await HookServer.start(port: port) { _, _ in .verdict("silent") }
        #expect(await verdict == .silent)
        try await asking.close()
        try await back.stop()
    }

    @Test("No more questions at a time than configured; what waits in vain is a failure as others")
    func concurrency() async throws {
        let gate = Gate()
        let server = try await HookServer.start { _, _ in
            await gate.pass()
            return .verdict("allow")
        }
        try await with(server, settings(server) { $0.concurrency = 2 }) { asking in
            // Two under way, 32 waiting, one too many.
            try await withThrowingTaskGroup(of: CallVerdict.self) { group in
                for _ in 0..<35 { group.addTask { await asking.verdict() } }
                #expect(try await group.next() == .refused)
                #expect(asking.failed == [.tooManyQuestions])
                try await eventually { server.current.atATime == 2 }
                await gate.open()
                for try await verdict in group { #expect(verdict == .allowed) }
            }
            #expect(server.current.mostAtATime == 2)
            #expect(server.current.requests.count == 34)
        }
    }

    @Test("TLS, by the roots that are configured; a certificate of others is refused")
    func tls() async throws {
        let home = try TemporaryDirectory(label: "hook")
        let (certificate, key) = (home.file("hook.pem"), home.file("hook.key"))
        let made = try await ManagedProcess.start(
            LaunchCommand(
                "openssl",
                [
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=hook", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate,
                ], logFile: home.file("log")))
        #expect(try await made.waitForExit(within: .seconds(20)) == .code(0))
        let server = try await HookServer.start(
            tls: .makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
        ) { _, _ in .verdict("silent") }
        for (roots, expected) in [(certificate, CallVerdict.silent), (nil, .refused)] {
            let asking = Asking(
                settings(server) {
                    $0.url = $0.url.replacing("http:", with: "https:")
                    $0.rootsFile = roots
                    $0.timeout = .seconds(2)
                })
            #expect(await asking.verdict() == expected)
            try await asking.close()
        }
        #expect(server.current.requests.count == 1)
        try await server.stop()
    }

    @Test("Nobody is asked about a callee that nobody can be called")
    func noUser() async throws {
        let server = try await HookServer.start { _, _ in .verdict("allow") }
        try await with(server) { asking in
            for callee in ["", "a\0b", String(repeating: "x", count: 129)] {
                #expect(await asking.verdict(callee: callee) == .refused)
            }
            #expect(server.current.requests.isEmpty)
        }
    }

    private actor Gate {
        private var isOpen = false
        private var waiting: [CheckedContinuation<Void, Never>] = []

        func pass() async {
            guard !isOpen else { return }
            await withCheckedContinuation { waiting.append($0) }
        }

        func open() {
            isOpen = true
            for one in waiting { one.resume() }
            waiting = []
        }
    }
}
