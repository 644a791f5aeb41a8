import NIOPosix
import NIOSSL
import PushTestSupport

@testable import SwitchboardPush

/// Names that exist in these tests only.
struct FixedResolver: HostResolver {
    var hosts: [String: [String]]

    func addresses(of host: String) async throws(OutboundError) -> [IPAddress] {
        guard let found = hosts[host] else { throw .failed("no address found for \(host)") }
        return found.compactMap { IPAddress($0) }
    }
}

extension GuardedHTTPClient.Options {
    /// Loopback may be reached, and the tests' own certificate is trusted.
    static func loopback(_ change: (inout Self) -> Void = { _ in }) -> Self {
        var options = Self()
        options.allowsLoopback = true
        options.additionalRoots = (try? NIOSSLCertificate.fromPEMBytes(Array(TestKeys.root.utf8))) ?? []
        change(&options)
        return options
    }
}

/// Runs a body with a client that may reach loopback, and a server there.
func withServer(
    _ server: LocalPushServer? = nil, hosts: [String: [String]] = ["push.test": ["127.0.0.1"]],
    options: GuardedHTTPClient.Options = .loopback(),
    _ body: (GuardedHTTPClient, LocalPushServer) async throws -> Void
) async throws {
    let client = GuardedHTTPClient(
        options, resolver: FixedResolver(hosts: hosts), group: MultiThreadedEventLoopGroup.singleton)
    let running: LocalPushServer
    if let server { running = server } else { running = try await LocalPushServer.start() }
    let outcome: Result<Void, any Error>
    do {
        outcome = .success(try await body(client, running))
    } catch {
        outcome = .failure(error)
    }
    await client.close()
    await running.stop()
    try outcome.get()
}
