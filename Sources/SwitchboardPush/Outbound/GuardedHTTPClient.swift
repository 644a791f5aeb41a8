import AsyncHTTPClient
import Foundation
import NIOConcurrencyHelpers
public import NIOCore
import NIOHTTP1
public import NIOSSL
import SwitchboardCore

/// HTTPS to hosts of the internet, and to nothing else: every address of a host is checked before one of them is connected to,
/// redirects are not followed, answers are read up to a bound. HTTP/2 where the server speaks it.
public final class GuardedHTTPClient: OutboundHTTP {
    public struct Options: Sendable {
        /// Loopback addresses are like others; for tests and trials on one machine.
        public var allowsLoopback = false
        /// Certificates that are trusted beside those of the system.
        public var additionalRoots: [NIOSSLCertificate] = []
        /// Bytes of an answer that are read.
        public var maximumAnswer = 16 * 1024
        /// Time for a connection to stand.
        public var connectTimeout: Duration = .seconds(4)
        /// Hosts to which connections are kept at a time.
        public var maximumHosts = 64

        public init() {}
    }

    private let options: Options
    private let resolver: any HostResolver
    private let clients: PinnedClients
    private let book: NIOLockedValueBox<AddressBook>
    private let started = ContinuousClock.now

    /// - Parameter group: carries the connections; its owner ends it after ``close()``.
    public init(_ options: Options, resolver: any HostResolver, group: any EventLoopGroup) {
        self.options = options
        self.resolver = resolver
        book = NIOLockedValueBox(AddressBook(allowsLoopback: options.allowsLoopback))
        clients = PinnedClients(capacity: options.maximumHosts) { pin in
            HTTPClient(
                eventLoopGroupProvider: .shared(group), configuration: Self.configuration(options, pin))
        }
    }

    /// Ends all connections. Nothing can be sent afterwards.
    public func close() async { await clients.close() }

    public func post(
        _ request: OutboundRequest, within timeout: Duration
    ) async throws(OutboundError) -> OutboundResponse {
        let outcome = await withTaskGroup(of: Result<OutboundResponse, OutboundError>?.self) { group in
            group.addTask { await self.attempt(request, within: timeout) }
            group.addTask {
                try? await Task.sleep(for: timeout)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first ?? .failure(.failed("no answer within \(timeout.components.seconds) s"))
        }
        return try outcome.get()
    }

    private func attempt(
        _ request: OutboundRequest, within timeout: Duration
    ) async -> Result<OutboundResponse, OutboundError> {
        do throws(OutboundError) {
            let host = request.url.host
            let address = try await address(of: host)
            do throws(OutboundError) {
                return .success(
                    try await clients.use(.init(host: host, address: address)) { client throws(OutboundError) in
                        try await self.perform(request, with: client, within: timeout)
                    })
            } catch {
                book.withLockedValue { $0.failed(address, of: host) }
                throw error
            }
        } catch {
            return .failure(error)
        }
    }

    private func address(of host: String) async throws(OutboundError) -> IPAddress {
        if let known = book.withLockedValue({ $0.address(of: host, now: now) }) { return known }
        let literal = IPAddress(host).map { [$0] }
        let addresses = if let literal { literal } else { try await resolver.addresses(of: host) }
        let checked = book.withLockedValue { book in
            Result { () throws(OutboundError) in try book.resolved(host, to: addresses, now: now) }
        }
        return try checked.get()
    }

    private func perform(
        _ request: OutboundRequest, with client: HTTPClient, within timeout: Duration
    ) async throws(OutboundError) -> OutboundResponse {
        var prepared = HTTPClientRequest(url: request.url.text)
        prepared.method = .POST
        prepared.headers = HTTPHeaders(request.headers.map { ($0.name, $0.value) })
        prepared.body = .bytes(ByteBuffer(bytes: request.body))
        do {
            let response = try await client.execute(prepared, timeout: TimeAmount(timeout))
            let body = (try? await response.body.collect(upTo: options.maximumAnswer)) ?? ByteBuffer()
            return OutboundResponse(
                status: Int(response.status.code),
                headers: Dictionary(
                    response.headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { first, _ in first }),
                body: Array(buffer: body))
        } catch let error as HTTPClientError {
            // Its short description is a constant; the long one of others may name the target.
            throw .failed("\(request.url.host) cannot be reached: \(error.shortDescription)")
        } catch is CancellationError {
            throw .failed("given up")
        } catch {
            throw .failed("\(request.url.host) cannot be reached: \(Self.name(of: error))")
        }
    }

    /// The kind of an error without what it holds; for failed system calls their names.
    private static func name(of error: any Error) -> String {
        switch error {
        case is CertificateNames.Mismatch: "its certificate is for another host"
        case let error as IOError: "\(error)"
        case let error as NIOSSLError: "TLS, \(error)"
        case let error as BoringSSLError: "TLS, \(error)"
        default: "\(type(of: error))"
        }
    }

    private var now: Moment { Moment(ContinuousClock.now - started) }

    private static func configuration(_ options: Options, _ pin: PinnedClients.Pin) -> HTTPClient.Configuration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        tls.additionalTrustRoots = options.additionalRoots.isEmpty ? [] : [.certificates(options.additionalRoots)]
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls, redirectConfiguration: .disallow)
        configuration.timeout = .init(connect: TimeAmount(options.connectTimeout))
        configuration.connectionPool.idleTimeout = .seconds(60)
        // The outbox sees to further attempts; and a connection that was refused for its name is not waited for.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .automatic
        if IPAddress(pin.host) == nil {
            configuration.dnsOverride = [pin.host: pin.address.description]
            // Before anything is sent.
            configuration.http1_1ConnectionDebugInitializer = { CertificateNames.check($0, host: pin.host) }
            configuration.http2ConnectionDebugInitializer = { CertificateNames.check($0, host: pin.host) }
        }
        return configuration
    }
}
