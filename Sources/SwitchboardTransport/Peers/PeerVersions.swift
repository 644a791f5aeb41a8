/// The versions of the peer protocol that this software speaks. Neighbouring releases overlap, so that a cluster can be upgraded
/// node by node.
enum PeerVersions {
    static let supported: ClosedRange<UInt32> = 1...1

    /// The highest version that both speak; nil if there is none.
    static func negotiate(_ other: (min: UInt32, max: UInt32)) -> UInt32? {
        let highest = min(supported.upperBound, other.max)
        let lowest = max(supported.lowerBound, other.min)
        return lowest <= highest ? highest : nil
    }
}
