import NIOSSL

/// Keys made for these tests and good for nothing else: a root, a certificate of it for `push.test`, `localhost`, 127.0.0.1 and
/// ::1, and a service account's RSA key. Valid for a hundred years.
public enum TestKeys {
    /// - Throws: what the library throws if they could not be read.
    static func serverConfiguration(protocols: [String]) throws -> TLSConfiguration {
        let chain = try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8)).map {
            NIOSSLCertificateSource.certificate($0)
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain,
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(privateKey.utf8), format: .pem)))
        configuration.applicationProtocols = protocols
        return configuration
    }

    /// What a client must trust, as PEM.
    public static let root = """
        -----BEGIN CERTIFICATE-----
        MIIBmTCCAT+gAwIBAgIUNwbetr1zqXITstFRmQehPnDn74wwCgYIKoZIzj0EAwIw
        GTEXMBUGA1UEAwwOcHVzaC10ZXN0LXJvb3QwIBcNMjYxMTI3MjAyNDE1WhgPMjEy
        NjExMDMyMDI0MTVaMBkxFzAVBgNVBAMMDnB1c2gtdGVzdC1yb290MFkwEwYHKoZI
        zj0CAQYIKoZIzj0DAQcDQgAEuvufS0REfPibq5yzafxH3vLz1S+D7qV79f0WihDc
        biCp3LLohCOq+2VdkOtc5hztuwyQlD0QvNfW0e4qUSrjR6NjMGEwHQYDVR0OBBYE
        FB2e06M2pB1hBrmPd3ubAG9iu5K2MB8GA1UdIwQYMBaAFB2e06M2pB1hBrmPd3ub
        AG9iu5K2MA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgEGMAoGCCqGSM49
        BAMCA0gAMEUCIQCe5K8EFEYJjKZpeTxWmL/AxxOx3TUZZii4ORt1jOeKlQIgcNkY
        2g4Q/Lb4lS0btcPo9+Gnksn+CnGU1L1g+maKKoA=
        -----END CERTIFICATE-----
        """

    static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIB1TCCAXygAwIBAgIUMfQUzXsKBeFrSQHfjADIZoff5DgwCgYIKoZIzj0EAwIw
        GTEXMBUGA1UEAwwOcHVzaC10ZXN0LXJvb3QwIBcNMjYxMTI3MjAyNTAyWhgPMjEy
        NjExMDMyMDI1MDJaMA8xDTALBgNVBAMMBHB1c2gwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAAQ8YemXOV0EK40MM6TPQa42IBiGlm0keP4ChroUewUbbtTSbUTWDO8R
        VxwtVwDFUsl2tDfkIxa0z7qik8EWEuBho4GpMIGmMEQGA1UdEQQ9MDuCCXB1c2gu
        dGVzdIILKi5wdXNoLnRlc3SCCWxvY2FsaG9zdIcEfwAAAYcQAAAAAAAAAAAAAAAA
        AAAAATATBgNVHSUEDDAKBggrBgEFBQcDATAJBgNVHRMEAjAAMB0GA1UdDgQWBBTw
        nNdNc5hTeLvvlsovLQLU9j6SajAfBgNVHSMEGDAWgBQdntOjNqQdYQa5j3d7mwBv
        YruStjAKBggqhkjOPQQDAgNHADBEAiAS6ew8RQRFk4Rsrb0Cdd6IhAVuYSjGlhXR
        9LF7xQ5WHQIgY1JPe41Mc7rnc8fwC89QUuZgFhasrXfosZr3R9DvSxM=
        -----END CERTIFICATE-----
        """

    static let privateKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjVY408f/re7Wj3Lg
        bjjrwgSlL7tN74EAeroFlzcuhZ2hRANCAAQ8YemXOV0EK40MM6TPQa42IBiGlm0k
        eP4ChroUewUbbtTSbUTWDO8RVxwtVwDFUsl2tDfkIxa0z7qik8EWEuBh
        -----END PRIVATE KEY-----
        """

    public static let accountKey = """
        -----BEGIN PRIVATE KEY-----
        MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQCquiiWf7aquEKV
        t+ZAEm/bUgffjwx8/bQ7d5eo0akw7E2adqCoru4fdFFv7Lt5F6T+Q8Ha8qU55A9X
        exOOQDGa/K5lWbXkOeSski4Km+q5C3qD5RLPyiB7CMi5nhKWvI4904UgCWLsW+JP
        +ol3U7MNXFRydFr5nZqU6/T/sFhAHpiou1lDIdsqYLxO0KxSIw/OaHryQKE9eft8
        LXggbfFeloxyh4PxkL5fQnXviJG4nxlJzRfr+WH1TIyxXVszjXLV144TQcdY7WbE
        V/pjMXuN9F6wVfL78uV40TPAucAHB6xT/JSaHoC6YUq+BEsU3Fyq2tf01zIRfqS+
        NDhl5orVAgMBAAECggEAGyuxVfJRYe4dOrKfxEaq4p61fhDIDgRacLRhwI5NfOm+
        l/yVKQNeBkd+xm9IjscCjSy/Z1cCkKoI/wUpYZQ50M6x+pNCbWYBTK2fAjU6L+Tx
        xJfqXINwk+Qb/d54WuD7Sj+liim0QqWE6PGYexMpBdFR5z05VUyN03GR9jdcdCen
        uWFiVowZ2FfvQD03wQrlARfgW9Xbezt4Iq5wbGqs4gefhylOkhoXAAIrFv8r4RVZ
        2rJzA8BAOtht9B58Q611jZSEKSOIJ7GL/iW23TZo7Zp7cY2BzoM15n4Louv6Mo8X
        wblQV0GW8Yy6HOc/vGgDxwhPdRkfu01IdQP2Z7CoKQKBgQDe/395FEBbVR8F4MKL
        ektpuoBpS/bj2IHIhLHKxhYRELUxI1MfSj0DtY+jEKUfG5DCaqp9ZRGGC3tfN3uT
        Gl9qe4c5S4RtbLP0/SbQSNg8DHYCudpyXYxIgesKST9Mf8aXyFisezvLZ8WqIwyz
        7cU/NzWLFdEpOmecXcBGpPaduwKBgQDD/lPJ/xs39KFMluLIYMkE3oZlG7Q7IlUK
        zt9NEWs8CNk3/roeX1ica+pqLxgALi63FdAkEeUo27Za9+IRFwbUSvJ6ou4pyQjn
        KGVSSMF1/pZWj+ltxJ3He6MzgZmk/z7dDf6rxqyO25+1xZea/XgDNmFZTiWtOrdQ
        lGECmYqorwKBgC/XSJXFTnlJrbopGhOqTPuF037DmVgQXueR8EK8dId8uiKsnWyd
        FLHzBbnKHGKsG0Zac/Eq+bN0SyeGU7Cfe9DwZ3ZXSTXgmEr69JTCzAE1+ytijAb1
        It97X915EWdsEkMF7GA0oANnY/S4SEVhwWtqgMYyDAl4Sjo1ssZ1JaN5AoGAMygl
        EqplnltZ5rXTh93LWlwC1E1A49Z4QBPzMRiE1uywVe9FATx90oZQb1rPduyXAO7O
        nzuUhu+iT2g4N6G9BJhzZhM0+u8gRcXDfJDE/llvQDTcBuy1CiZ5WK5RPkHpVKWc
        fZWj4L3ul/F1Ot1CAASnsDm3l9mlk4DHOXh+Or0CgYBBywtL3M4Uzw+eXO4mj4VQ
        PBTp3USnJClV7WV3QS6s+TfSYRLUxuEnrugHFN7PjpieqK4rkuBSkDK51nDMY4ek
        baDLi11uFnCeOLc+Pi5Lp/B0Gkon5WovbJBb7vD2JV+SnRPNmoxSIkdnymaYiqwW
        H2USlKe3WZKODYOoVDB9Nw==
        -----END PRIVATE KEY-----
        """

    static let accountPublicKey = """
        -----BEGIN PUBLIC KEY-----
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqrooln+2qrhClbfmQBJv
        21IH348MfP20O3eXqNGpMOxNmnagqK7uH3RRb+y7eRek/kPB2vKlOeQPV3sTjkAx
        mvyuZVm15DnkrJIuCpvquQt6g+USz8ogewjIuZ4SlryOPdOFIAli7FviT/qJd1Oz
        DVxUcnRa+Z2alOv0/7BYQB6YqLtZQyHbKmC8TtCsUiMPzmh68kChPXn7fC14IG3x
        XpaMcoeD8ZC+X0J174iRuJ8ZSc0X6/lh9UyMsV1bM41y1deOE0HHWO1mxFf6YzF7
        jfResFXy+/LleNEzwLnABwesU/yUmh6AumFKvgRLFNxcqtrX9NcyEX6kvjQ4ZeaK
        1QIDAQAB
        -----END PUBLIC KEY-----
        """
}
