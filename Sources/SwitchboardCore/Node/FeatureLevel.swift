/// Levels of what the log may hold. A node folds all up to the newest that it knows; it writes only what the level of the
/// cluster allows, which is kept in the store and raised by an operator once the last older node is gone.
public enum FeatureLevel {
    /// Invite to hangup between devices; deadlines for ringing and connecting.
    public static let first: UInt32 = 1
    /// Deadlines side by side, handover, devices that watch, invites that ring nobody.
    public static let newest: UInt32 = 2
}
