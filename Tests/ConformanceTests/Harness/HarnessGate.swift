/// Lets a few tests at a time use real stores: all at once they would need hundreds of connections, and wait for each
/// other's work instead of for their own.
actor HarnessGate {
    static let shared = HarnessGate(places: 4)

    private var places: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(places: Int) {
        self.places = places
    }

    func enter() async {
        if places > 0 {
            places -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func leave() {
        if waiting.isEmpty { places += 1 } else { waiting.removeFirst().resume() }
    }
}
