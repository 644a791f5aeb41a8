import SwitchboardProtocol

/// What a user has switched off, or shows, for display at the other end.
public struct MediaState: Sendable, Hashable {
    public var audioMuted: Bool
    public var videoMuted: Bool
    /// The screen is shown in place of the camera.
    public var screen: Bool

    public init(audioMuted: Bool = false, videoMuted: Bool = false, screen: Bool = false) {
        self.audioMuted = audioMuted
        self.videoMuted = videoMuted
        self.screen = screen
    }
}

extension MediaState {
    init(_ wire: WireMediaState) {
        self.init(audioMuted: wire.audioMuted, videoMuted: wire.videoMuted, screen: wire.screen)
    }
}
