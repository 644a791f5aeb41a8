import NIOSSL

/// The files that make a server speak TLS.
public struct TLSFiles: Sendable, Equatable {
    /// PEM: the server's certificate, then those that lead to the root.
    public var certificateChain: String
    /// PEM: the private key of the first certificate.
    public var privateKey: String

    public init(certificateChain: String, privateKey: String) {
        self.certificateChain = certificateChain
        self.privateKey = privateKey
    }

    /// - Throws: `TransportError.badCertificate`.
    func serverContext() throws(TransportError) -> NIOSSLContext {
        do {
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMFile(certificateChain).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: privateKey, format: .pem)))
            configuration.minimumTLSVersion = .tlsv12
            configuration.applicationProtocols = ["http/1.1"]
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw .badCertificate(reason: "\(error)")
        }
    }
}
