import SwitchboardProtocol

/// Kinds of media that somebody wants to send.
public struct CallMedia: Sendable, Hashable {
    public var audio: Bool
    public var video: Bool

    public init(audio: Bool, video: Bool) {
        self.audio = audio
        self.video = video
    }

    public static let audio = CallMedia(audio: true, video: false)
    public static let audioVideo = CallMedia(audio: true, video: true)

    public func union(_ other: CallMedia) -> CallMedia {
        CallMedia(audio: audio || other.audio, video: video || other.video)
    }
}

extension CallMedia {
    init(_ wire: WireMedia) {
        self.init(audio: wire.audio, video: wire.video)
    }

    var wire: WireMedia {
        var media = WireMedia()
        media.audio = audio
        media.video = video
        return media
    }
}
