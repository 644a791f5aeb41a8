/// Both stores keep durations as whole milliseconds.
extension Duration {
    /// Rounded down; durations that do not fit are cut to the largest that does.
    var milliseconds: Int64 {
        let parts = components
        let (product, overflow) = parts.seconds.multipliedReportingOverflow(by: 1000)
        guard !overflow else { return parts.seconds < 0 ? .min : .max }
        let (sum, overflowed) = product.addingReportingOverflow(parts.attoseconds / 1_000_000_000_000_000)
        return overflowed ? (parts.seconds < 0 ? .min : .max) : sum
    }

    /// A hundred years, in milliseconds: longer spans are cut to it, so that adding one to a point in time never overflows.
    private static let longestSpan: Int64 = 100 * 365 * 86_400_000

    /// For adding to a point in time: not negative, not longer than a hundred years.
    var spanMilliseconds: Int64 { Swift.min(Swift.max(milliseconds, 0), Self.longestSpan) }
}
