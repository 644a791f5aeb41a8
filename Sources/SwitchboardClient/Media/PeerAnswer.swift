/// What became of a command.
package enum PeerAnswer: Sendable, Equatable {
    case done
    case description(String)
    case digests([[UInt8]]?)
    /// For people.
    case failed(String)
}
