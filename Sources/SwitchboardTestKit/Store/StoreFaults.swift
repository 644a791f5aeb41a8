/// What can go wrong with a transaction, by probability. All of it is within the port's rules.
public struct StoreFaults: Sendable {
    /// The connection breaks; the transaction took effect.
    public var lostAnswer = 0.0
    /// The connection breaks; the transaction had no effect.
    public var lostRequest = 0.0
    /// The connection breaks; the transaction takes effect only a while after that was reported.
    public var lateCommit = 0.0
    /// The wait for the standby is cancelled: visible here, but a failover may still take it back.
    public var ghost = 0.0
    /// Provably not done.
    public var unavailable = 0.0
    /// Added to every answer, up to that much.
    public var slowness: Duration = .zero

    public static let none = StoreFaults()

    public init() {}

    /// A bit of everything.
    public static func mixed(_ probability: Double) -> StoreFaults {
        var faults = StoreFaults()
        faults.lostAnswer = probability
        faults.lostRequest = probability
        faults.lateCommit = probability
        faults.ghost = probability
        faults.unavailable = probability
        return faults
    }
}

/// What becomes of one transaction.
enum CommitFate {
    case clean
    case lostAnswer
    case lostRequest
    case late
    case ghost
    case unavailable
}

extension StoreFaults {
    func fate(_ random: SeededGenerator) -> CommitFate {
        if random.chance(lostAnswer) { return .lostAnswer }
        if random.chance(lostRequest) { return .lostRequest }
        if random.chance(lateCommit) { return .late }
        if random.chance(ghost) { return .ghost }
        if random.chance(unavailable) { return .unavailable }
        return .clean
    }
}
