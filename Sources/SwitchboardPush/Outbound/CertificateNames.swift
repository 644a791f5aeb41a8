import NIOCore
import NIOSSL
import SwiftASN1
import X509

/// Whether the certificate of a connection names its host.
///
/// NIOSSL verifies the chain, and then takes a certificate either for the host's name or for the address that was connected to
/// (its `validIdentityForService`). A certificate for an address is easily had by whoever owns the address: he would only have
/// to answer for the name, and would be believed to be the push service. So the name is looked at once more, alone
/// (RFC 6125 §6.4). This can only refuse what was accepted before.
enum CertificateNames {
    struct Mismatch: Error, Sendable {}

    /// Fails unless the certificate is for this name; the channel is closed then. Decided before it returns, on the channel's event
    /// loop, so that the client's pool has no time in which the connection is neither made nor refused.
    static func check(_ channel: any Channel, host: String) -> EventLoopFuture<Void> {
        guard channel.eventLoop.inEventLoop,
            let certificate = try? channel.pipeline.syncOperations.nioSSL_peerCertificate(),
            names(certificate).contains(where: { matches($0, host: host) })
        else {
            channel.eventLoop.execute { channel.close(promise: nil) }
            return channel.eventLoop.makeFailedFuture(Mismatch())
        }
        return channel.eventLoop.makeSucceededVoidFuture()
    }

    private static func names(_ certificate: NIOSSLCertificate) -> [String] {
        guard let bytes = try? certificate.toDERBytes(), let leaf = try? Certificate(derEncoded: bytes),
            let names = try? leaf.extensions.subjectAlternativeNames
        else { return [] }
        return names.compactMap { name in
            if case .dnsName(let text) = name { return text.lowercased() }
            return nil
        }
    }

    /// The name itself, or a wildcard for its first label.
    static func matches(_ name: String, host: String) -> Bool {
        guard name.hasPrefix("*.") else { return name == host }
        guard let dot = host.firstIndex(of: "."), dot != host.startIndex else { return false }
        return host[dot...] == name.dropFirst()
    }
}
