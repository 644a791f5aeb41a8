/// A small generator (SplitMix64; Steele, Lea, Flood 2014) whose seed repeats a run. A class, for all parts of a simulation
/// draw from one stream, in the order in which things happen.
public final class SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    public init(seed: UInt64) {
        state = seed
    }

    public func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }

    /// True with this probability.
    public func chance(_ probability: Double) -> Bool {
        Double(next() >> 11) / Double(1 << 53) < probability
    }

    /// Evenly from the range, in steps of a microsecond.
    public func duration(_ range: ClosedRange<Duration>) -> Duration {
        let span = range.upperBound - range.lowerBound
        let microseconds = span.components.seconds * 1_000_000 + span.components.attoseconds / 1_000_000_000_000
        return range.lowerBound + .microseconds(Int64(next() % UInt64(max(microseconds, 0) + 1)))
    }

    public func number(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next() % UInt64(range.count))
    }

    /// One of them; nil if there is none.
    public func pick<Element>(_ elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[Int(next() % UInt64(elements.count))]
    }
}
