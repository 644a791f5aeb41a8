import SwiftProtobuf
import SwitchboardProtocol

/// Messages of the sizes that browsers send.
enum CallPayloads {
    /// How many batches of candidates each side sends.
    static let candidateBatches = 3

    /// An offer or an answer of about 4 KiB without any address, as `createOffer()` returns it.
    static func description(_ type: String) -> WireMessage {
        .with {
            $0.description_p.type = type
            $0.description_p.sdp = sdp
            $0.description_p.session = 1
            $0.description_p.revision = 1
        }
    }

    /// One batch of about 200 bytes; the index makes it different from the others.
    static func candidates(_ index: Int) -> WireMessage {
        .with {
            $0.candidates.session = 1
            $0.candidates.revision = 1
            $0.candidates.candidates = (0..<2).map { line in
                .with {
                    // An address of the block for documents (RFC 5737).
                    let port = 50_000 + 2 * index + line
                    $0.candidate =
                        "candidate:\(index)\(line) 1 udp 2122260223 192.0.2.1 \(port) typ host generation 0"
                    $0.sdpMid = "0"
                    $0.usernameFragment = "probe"
                }
            }
        }
    }

    /// An application's own message of about 200 bytes.
    static func info(_ index: Int) -> WireMessage {
        .with {
            $0.info.type = "probe"
            $0.info.body = "\(index) " + padding
        }
    }

    private static let padding = String(repeating: "x", count: 180)

    private static let sdp: String = {
        var lines = [
            "v=0", "o=- 4611731400430051336 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0 1",
            "a=extmap-allow-mixed", "a=msid-semantic: WMS",
        ]
        for (mid, kind) in ["audio", "video"].enumerated() {
            lines += [
                "m=\(kind) 9 UDP/TLS/RTP/SAVPF 96 97 98 99 100 101 102", "c=IN IP4 0.0.0.0",
                "a=rtcp:9 IN IP4 0.0.0.0", "a=ice-ufrag:probe", "a=ice-pwd:probeprobeprobeprobeprobe",
                "a=ice-options:trickle",
                "a=fingerprint:sha-256 " + Array(repeating: "A5", count: 32).joined(separator: ":"),
                "a=setup:actpass", "a=mid:\(mid)", "a=sendrecv", "a=rtcp-mux", "a=rtcp-rsize",
            ]
            for payload in 96...102 {
                lines += [
                    "a=rtpmap:\(payload) codec\(payload)/90000", "a=rtcp-fb:\(payload) goog-remb",
                    "a=rtcp-fb:\(payload) transport-cc", "a=rtcp-fb:\(payload) ccm fir", "a=rtcp-fb:\(payload) nack",
                    "a=rtcp-fb:\(payload) nack pli",
                    "a=fmtp:\(payload) level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
                ]
            }
        }
        return lines.joined(separator: "\r\n") + "\r\n"
    }()
}
