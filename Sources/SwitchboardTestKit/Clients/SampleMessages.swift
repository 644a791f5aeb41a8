import SwiftProtobuf
public import SwitchboardProtocol

extension WireMessage {
    public static func invite(_ callee: String, video: Bool = true) -> Self {
        with {
            $0.invite.callee = callee
            $0.invite.media.audio = true
            $0.invite.media.video = video
        }
    }

    /// A session description that holds no address, as browsers make it before they gather.
    public static func description(_ type: String, session: UInt32 = 1, revision: UInt32 = 1, mark: String = "")
        -> Self
    {
        with {
            $0.description_p.type = type
            $0.description_p.sdp =
                "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=\(mark.isEmpty ? "-" : mark)\r\nt=0 0\r\n"
                + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n"
            $0.description_p.session = session
            $0.description_p.revision = revision
        }
    }

    public static func candidates(_ mark: String, session: UInt32 = 1, revision: UInt32 = 1) -> Self {
        with {
            $0.candidates.candidates = [
                WireCandidate.with { $0.candidate = "candidate:1 1 udp 1 192.0.2.1 9 typ host \(mark)" }
            ]
            $0.candidates.session = session
            $0.candidates.revision = revision
        }
    }

    public static func info(_ body: String) -> Self {
        with {
            $0.info.type = "sample"
            $0.info.body = body
        }
    }

    public static var ringing: Self { with { $0.content = .ringing(WireRinging()) } }
    public static var accept: Self { with { $0.content = .accept(WireAccept()) } }
    public static var reject: Self { with { $0.content = .reject(WireReject()) } }
    public static var ignore: Self { with { $0.content = .ignore(WireIgnore()) } }
    public static var busy: Self { with { $0.content = .busy(WireBusy()) } }
    public static var cancel: Self { with { $0.content = .cancel(WireCancel()) } }
    public static var connected: Self { with { $0.content = .connected(WireConnected()) } }
    public static var hangup: Self { with { $0.content = .hangup(WireHangup()) } }

    /// What tells one message of a simulation from another: the mark in a description, the mark of candidates, an info's body.
    public var mark: String? {
        switch content {
        case .description_p(let description):
            description.sdp.split(separator: "\r\n").first { $0.hasPrefix("s=") }.map { String($0.dropFirst(2)) }
        case .candidates(let candidates):
            candidates.candidates.first?.candidate.split(separator: " ").last.map(String.init)
        case .info(let info): info.body
        default: nil
        }
    }
}
