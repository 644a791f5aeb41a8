extension StoreBatch {
    /// Places of the appends in the order in which their steps for one pair count: a call that ends makes room for the next
    /// one that is begun in the same batch. Otherwise the batch's own order, as between two calls that begin at once.
    public var placesInPairOrder: [Int] {
        appends.indices.sorted { (appends[$0].pairRank, $0) < (appends[$1].pairRank, $1) }
    }
}

extension LogAppend {
    /// The lower, the earlier among the steps of one pair in one batch; see ``StoreBatch/placesInPairOrder``.
    public var pairRank: Int {
        switch pair {
        case .release, nil: 0
        case .accept: 1
        case .take, .replace: 2
        }
    }
}
