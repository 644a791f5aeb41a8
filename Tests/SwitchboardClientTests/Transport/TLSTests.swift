import ClientTestSupport
import Foundation
import NIOSSL
import SwiftProtobuf
import SwitchboardClient
import SwitchboardProtocol
import Testing

@Suite("Client over TLS", .timeLimit(.minutes(1)), .enabled(if: Certificate.canBeMade, "needs openssl"))
struct TLSTests {
    private func client(_ server: LoopbackServer, trusting file: String?) throws -> SwitchboardClient {
        var options = SessionOptions(
            endpoint: try ServerEndpoint(url: server.endpointURL), device: DeviceID(trusted: "phone"),
            token: .fixed("token"))
        options.trustedCertificatesFile = file
        return try SwitchboardClient(options)
    }

    @Test("connects to whom it trusts, and to nobody else")
    func trust() async throws {
        let certificate = try Certificate()
        let server = try await LoopbackServer.start(tls: try certificate.serverContext()) { frame, connection in
            if case .hello = frame.frame { connection.send(.welcome()) }
        }
        let trusting = try client(server, trusting: certificate.file)
        try await within { try await trusting.connect() }
        await trusting.close()

        let doubting = try client(server, trusting: nil)
        let reason = Task {
            try await doubting.event { event -> String? in
                if case .disconnected(.unreachable(let reason), _) = event { reason } else { nil }
            }
        }
        let connecting = Task { try await doubting.connect() }
        #expect(try await reason.value.contains("CERTIFICATE_VERIFY_FAILED"))
        await doubting.close()
        await #expect(throws: SessionEnd.stopped) { try await connecting.value }
        #expect(server.connections.count == 1)
        await server.stop()
    }
}

/// A certificate for 127.0.0.1 that nobody but a test trusts, and its key.
private final class Certificate {
    private static let openssl = "/usr/bin/openssl"
    static var canBeMade: Bool { FileManager.default.isExecutableFile(atPath: openssl) }

    private let directory: URL
    var file: String { directory.appendingPathComponent("certificate.pem").path }
    private var keyFile: String { directory.appendingPathComponent("key.pem").path }

    init() throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.openssl)
        process.arguments = [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=switchboard test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", keyFile, "-out", file,
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    func serverContext() throws -> NIOSSLContext {
        let chain = try NIOSSLCertificate.fromPEMFile(file).map { NIOSSLCertificateSource.certificate($0) }
        let key = try NIOSSLPrivateKey(file: keyFile, format: .pem)
        return try NIOSSLContext(
            configuration: .makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key)))
    }
}
