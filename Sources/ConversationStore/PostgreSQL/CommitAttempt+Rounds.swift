import SwitchboardCore

extension CommitAttempt {
    /// Divides appends, sorted by conversation, into transactions of which each names a pair once only; nearly always that is
    /// one. The order of the steps of one pair is that of ``StoreBatch/placesInPairOrder``.
    static func rounds(of appends: [EncodedAppend]) -> [[EncodedAppend]] {
        var places: [PairKey: [Int]] = [:]
        for (place, encoded) in appends.enumerated() {
            if let pair = encoded.append.pair { places[pair.key, default: []].append(place) }
        }
        guard places.values.contains(where: { $0.count > 1 }) else { return [appends] }
        var roundOf = Array(repeating: 0, count: appends.count)
        for group in places.values {
            let ordered = group.sorted { left, right in
                (appends[left].append.pairRank, appends[left].place)
                    < (appends[right].append.pairRank, appends[right].place)
            }
            for (round, place) in ordered.enumerated() { roundOf[place] = round }
        }
        let count = (roundOf.max() ?? 0) + 1
        return (0..<count).map { round in appends.indices.filter { roundOf[$0] == round }.map { appends[$0] } }
    }
}
