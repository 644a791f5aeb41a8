import Foundation
import SwitchboardTransport

/// Certificates made for these tests and good for nothing else: two roots, and a certificate of each for `localhost`, valid for a
/// hundred years.
enum TestCertificates {
    /// Writes the files into a temporary directory for as long as `body` runs.
    static func withFiles<Result>(
        _ body: (_ node: PeerTLSFiles, _ stranger: PeerTLSFiles) async throws -> Result
    ) async throws -> Result {
        let directory = FileManager.default.temporaryDirectory.appending(component: "tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        func write(_ name: String, _ text: String) throws -> String {
            let file = directory.appending(component: name)
            try Data(text.utf8).write(to: file)
            return file.path(percentEncoded: false)
        }
        let node = PeerTLSFiles(
            certificateChain: try write("node.pem", nodeCertificate), privateKey: try write("node.key", nodeKey),
            trustRoots: try write("root.pem", root))
        let stranger = PeerTLSFiles(
            certificateChain: try write("stranger.pem", strangerCertificate),
            privateKey: try write("stranger.key", strangerKey), trustRoots: try write("other.pem", otherRoot))
        return try await body(node, stranger)
    }

    static let root = """
        -----BEGIN CERTIFICATE-----
        MIIBjzCCATWgAwIBAgIUGcx5M+xl55iMaqbQkUJjlAt/HmgwCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJdGVzdC1yb290MCAXDTI2MTEyMzAwMDMxNVoYDzIxMjYxMDMw
        MDAwMzE1WjAUMRIwEAYDVQQDDAl0ZXN0LXJvb3QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAAT36tHP4CXDtstBQJqI+fmuH2utN/1IJ6QaXuqQovvxLf41Ab7ZK1z6
        aME5xUKPuhyENzdomoZ1GCo3p1pNPoeVo2MwYTAdBgNVHQ4EFgQUXOVcFcWG2RZI
        z8GzYVZ8O/8dlJowHwYDVR0jBBgwFoAUXOVcFcWG2RZIz8GzYVZ8O/8dlJowDwYD
        VR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAQYwCgYIKoZIzj0EAwIDSAAwRQIg
        EAYlHonJyN1Sq6JpPfQIit9x7JgEHh7SCSF4+MxQsw8CIQCx5M8pgaPW5IdeJDfi
        akq4NanUUhjIi2vknpgzqELaUA==
        -----END CERTIFICATE-----
        """

    static let nodeCertificate = """
        -----BEGIN CERTIFICATE-----
        MIIBsTCCAVegAwIBAgIUaAre62VEH/EZGmJf9VBqvXZurekwCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJdGVzdC1yb290MCAXDTI2MTEyMzAwMDMxNVoYDzIxMjYxMDMw
        MDAwMzE1WjAPMQ0wCwYDVQQDDARub2RlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD
        QgAEfOA/BvXoHs3l3tfiBw5oMZbqGI6LnE6L9lskcWce5UU+Tg+MeYAdvsz22OZz
        OULJOD7Lz8WbNCvNH5Xaa/Z0AKOBiTCBhjAaBgNVHREEEzARgglsb2NhbGhvc3SH
        BH8AAAEwHQYDVR0lBBYwFAYIKwYBBQUHAwEGCCsGAQUFBwMCMAkGA1UdEwQCMAAw
        HQYDVR0OBBYEFG7S8pFWvExYWNLrU8hYck6TpP8dMB8GA1UdIwQYMBaAFFzlXBXF
        htkWSM/Bs2FWfDv/HZSaMAoGCCqGSM49BAMCA0gAMEUCIQCU46amofls5KC7+7VO
        5mHM6h8qvDbnOSMvDm/xwJg9gQIgFbgrASZl+yTbW3xsVfPFZcf1u6mQdKVNP66T
        lpni+Q0=
        -----END CERTIFICATE-----
        """

    static let nodeKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgdv4SNEAtcSE/xZq4
        w55K5dgQ6LKnNnnVUYI71d3vH6yhRANCAAR84D8G9egezeXe1+IHDmgxluoYjouc
        Tov2WyRxZx7lRT5OD4x5gB2+zPbY5nM5Qsk4PsvPxZs0K80fldpr9nQA
        -----END PRIVATE KEY-----
        """

    static let otherRoot = """
        -----BEGIN CERTIFICATE-----
        MIIBkTCCATegAwIBAgIUKpaivTBEvidNtljWpEOD/a8svwwwCgYIKoZIzj0EAwIw
        FTETMBEGA1UEAwwKb3RoZXItcm9vdDAgFw0yNjExMjMwMDAzMTVaGA8yMTI2MTAz
        MDAwMDMxNVowFTETMBEGA1UEAwwKb3RoZXItcm9vdDBZMBMGByqGSM49AgEGCCqG
        SM49AwEHA0IABIwKMmUe6ezTCvWOzu0V5+ysIdp/qwusIGBCeeB2MoUbZ7DeMVef
        W/n4UwhO+gDjfUxZ2NPJ7RRZgbz24AIjgMmjYzBhMB0GA1UdDgQWBBQ8SrS+6D0J
        5j+GkzJ0Ylu0GBXGTTAfBgNVHSMEGDAWgBQ8SrS+6D0J5j+GkzJ0Ylu0GBXGTTAP
        BgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwIBBjAKBggqhkjOPQQDAgNIADBF
        AiEAsYthgRDLaLKHS62Qqcvtmn85AzdIEjqVWznNYEmxr4ACIFjos6v0xZT5xx0T
        Hay8Nhc6GK7tcVuWvvRGBU3J4eJ8
        -----END CERTIFICATE-----
        """

    static let strangerCertificate = """
        -----BEGIN CERTIFICATE-----
        MIIBtTCCAVygAwIBAgIUOvDO8jPwvYjiL32+loLmOO3BIoIwCgYIKoZIzj0EAwIw
        FTETMBEGA1UEAwwKb3RoZXItcm9vdDAgFw0yNjExMjMwMDAzMTVaGA8yMTI2MTAz
        MDAwMDMxNVowEzERMA8GA1UEAwwIc3RyYW5nZXIwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAAT8UHklbTHqcJ/bX3CtFyV/WewQuRPQ+m4XReB3Ywaz7XFURG3oMYRF
        UmHMX79uLMv1XHhlfqbINrlIYDvzX4woo4GJMIGGMBoGA1UdEQQTMBGCCWxvY2Fs
        aG9zdIcEfwAAATAdBgNVHSUEFjAUBggrBgEFBQcDAQYIKwYBBQUHAwIwCQYDVR0T
        BAIwADAdBgNVHQ4EFgQUZkEk1v2X9E2EXfyR42g7KUDmKY4wHwYDVR0jBBgwFoAU
        PEq0vug9CeY/hpMydGJbtBgVxk0wCgYIKoZIzj0EAwIDRwAwRAIgeYM6Smn90+a1
        PEh0cl2zftRf9TWWQJbv0xPxCw60cV4CIDZYyd+mVO//DyKaisU/ZvHT3VIoqosJ
        cAYJ7PIRIjuO
        -----END CERTIFICATE-----
        """

    static let strangerKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg+ChYOGgsPLKZN/dE
        X3gbnlsVKJ3rekTVrUoKtbydScKhRANCAAT8UHklbTHqcJ/bX3CtFyV/WewQuRPQ
        +m4XReB3Ywaz7XFURG3oMYRFUmHMX79uLMv1XHhlfqbINrlIYDvzX4wo
        -----END PRIVATE KEY-----
        """
}
