package import SwitchboardClient

/// All peer connections of a test, and the network between them: tells which of them packets pass between.
///
/// Driven by the test: every method returns what is to be told to whom.
package struct FakeMedia {
    /// Something that happens to one peer connection.
    package typealias Event = (peer: String, event: PeerConnectionEvent)

    private var peers: [String: FakePeer] = [:]
    /// Pairs between which packets pass, and the path that they take.
    private var links: [Set<String>: String] = [:]
    private var brokenPaths: Set<String> = []
    /// Nothing passes at all.
    package private(set) var isDown = false
    /// Calls that a real library would have refused.
    package private(set) var faults: [String] = []

    package init() {}

    package subscript(_ name: String) -> FakePeer? { peers[name] }

    package mutating func make(_ name: String, offers: CallMedia?) {
        peers[name] = FakePeer(name: name, offers: offers)
    }

    /// Does something with one of them; errors are faults, since the SDK must ask for nothing that a library refuses.
    package mutating func with<Result>(_ name: String, _ work: (inout FakePeer) throws -> Result) throws -> Result {
        guard var peer = peers[name] else { throw FakePeer.Failure.closed }
        defer { peers[name] = peer }
        do {
            return try work(&peer)
        } catch let error as FakePeer.Failure {
            if error != .closed { faults.append("\(name): \(error)") }
            throw error
        }
    }

    /// What has changed about who reaches whom.
    package mutating func look() -> [Event] {
        var events: [Event] = []
        for pair in links.keys.sorted(by: { $0.sorted().joined() < $1.sorted().joined() }) {
            links[pair] = path(pair)
            if links[pair] == nil { events += pair.sorted().map { ($0, .disconnected) } }
        }
        let names = peers.keys.sorted()
        for (index, left) in names.enumerated() {
            for right in names[(index + 1)...] {
                let pair: Set<String> = [left, right]
                guard let path = path(pair), links[pair] == nil else { continue }
                links[pair] = path
                events += [(left, .connected), (right, .connected)]
            }
        }
        return events
    }

    /// The paths in use do not work any more; an ICE restart finds others.
    package mutating func breakPaths() {
        brokenPaths.formUnion(links.values)
    }

    package mutating func setDown(_ isDown: Bool) {
        self.isDown = isDown
    }

    /// Whether packets pass on this connection.
    package func isConnected(_ name: String) -> Bool {
        links.keys.contains { $0.contains(name) }
    }

    /// The one at the other end.
    package func partner(of name: String) -> String? {
        links.keys.first { $0.contains(name) }?.first { $0 != name }
    }

    private func path(_ pair: Set<String>) -> String? {
        let names = pair.sorted()
        guard !isDown, names.count == 2, let left = peers[names[0]], let right = peers[names[1]],
            FakePeer.fit(left, right), !brokenPaths.contains(left.path)
        else {
            // A negotiation of a connection that stands does not interrupt it.
            guard !isDown, let path = links[pair], !brokenPaths.contains(path), names.count == 2,
                peers[names[0]]?.isClosed == false, peers[names[1]]?.isClosed == false
            else { return nil }
            return path
        }
        return left.path
    }
}
