/// The machine's randomness: all of it follows from one seed (SplitMix64; Steele, Lea and Flood, 2014), so that the
/// same inputs always give the same actions.
struct JitterSource: RandomNumberGenerator, Sendable {
    private var state: UInt64
    /// For tests: no chance at all.
    private var constant: Double?

    init(seed: UInt64) {
        state = seed
    }

    init(constant: Double) {
        state = 0
        self.constant = constant
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// Evenly from 0..<1.
    mutating func fraction() -> Double {
        constant ?? Double(next() >> 11) / Double(1 << 53)
    }
}
