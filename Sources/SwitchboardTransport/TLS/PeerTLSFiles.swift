import NIOSSL

/// The files for mutual TLS between nodes, all PEM.
public struct PeerTLSFiles: Sendable, Equatable {
    /// This node's certificate, then those that lead to the root. It must allow both server and client authentication.
    public var certificateChain: String
    public var privateKey: String
    /// The roots that the cluster's certificates lead to, and nobody else's: a certificate is all that a peer has to show. Names
    /// in certificates are not compared, for nodes come and go under addresses.
    public var trustRoots: String

    public init(certificateChain: String, privateKey: String, trustRoots: String) {
        self.certificateChain = certificateChain
        self.privateKey = privateKey
        self.trustRoots = trustRoots
    }

    /// - Throws: `TransportError.badCertificate`.
    func contexts() throws(TransportError) -> (server: NIOSSLContext, client: NIOSSLContext) {
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(certificateChain).map {
                NIOSSLCertificateSource.certificate($0)
            }
            let key = NIOSSLPrivateKeySource.privateKey(try NIOSSLPrivateKey(file: privateKey, format: .pem))
            let roots = NIOSSLTrustRoots.certificates(try NIOSSLCertificate.fromPEMFile(trustRoots))

            var server = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: key)
            server.trustRoots = roots
            server.certificateVerification = .noHostnameVerification
            server.minimumTLSVersion = .tlsv13

            var client = TLSConfiguration.makeClientConfiguration()
            client.certificateChain = chain
            client.privateKey = key
            client.trustRoots = roots
            client.certificateVerification = .noHostnameVerification
            client.minimumTLSVersion = .tlsv13
            return (try NIOSSLContext(configuration: server), try NIOSSLContext(configuration: client))
        } catch {
            throw .badCertificate(reason: "\(error)")
        }
    }
}
