import SwitchboardProtocol

/// What a decision must know that is not in the log: it is told anew to whoever leads.
struct CallContext: Sendable {
    /// Devices that this leader has seen leave and not come back, or that have not come for a while after it began to lead.
    var away: Set<DeviceAddress> = []
    /// The row of the two users named this call when the opening was to be written.
    var holder: PairHolder?
    /// Pushes of the invite that no provider has answered yet, as far as this leader knows.
    var pushesWaiting = 0
    /// False: no push was ever made for this call. True also if this leader cannot know.
    var mayHavePushed = true
    /// At which the cluster writes; kinds of facts above it are not written.
    var featureLevel = FeatureLevel.newest
}
