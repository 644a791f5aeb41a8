import LocalCluster

extension LocalCluster {
    /// A figure of one node's metrics; `nil` if the node does not answer.
    func figure(_ name: String, of node: String) async -> Int? {
        guard let port = topology.nodes.first(where: { $0.name == node })?.internalPort,
            let answer = await LoopbackRequest.get("/metrics", port: port), answer.status == 200
        else { return nil }
        let line = answer.body.split(separator: "\n").first { $0.hasPrefix("switchboard_\(name) ") }
        return line?.split(separator: " ").last.flatMap { Int($0) }
    }

    /// Which node leads a call in the eyes of one node.
    func leader(of call: String, asSeenBy node: String) async -> CallLeader? {
        guard let port = topology.nodes.first(where: { $0.name == node })?.internalPort,
            let answer = await LoopbackRequest.get("/conversations/\(call)", port: port), answer.status == 200
        else { return nil }
        let fields = answer.body.matches(of: /"(leader|epoch)":"?([^",}]+)"?/).map { (String($0.1), String($0.2)) }
        let values = Dictionary(fields) { first, _ in first }
        guard let leader = values["leader"], let epoch = values["epoch"].flatMap({ UInt64($0) }) else { return nil }
        return CallLeader(incarnation: leader, epoch: epoch)
    }

    /// Everything runs, every node knows exactly the others, and all are linked: nothing is left of an earlier fault.
    func settle(within limit: Duration = .seconds(60)) async throws {
        for part in partNames { try await resume(part) }
        try await up()
        let names = topology.nodes.map(\.name)
        try await waitUntil("all nodes know and reach each other", within: limit, pollEvery: .milliseconds(50)) {
            for name in names {
                guard await figure("registered_nodes", of: name) == names.count,
                    await figure("linked_nodes", of: name) == names.count - 1
                else { return false }
            }
            return true
        }
    }

    func clientPort(of node: String) throws -> Int {
        guard let found = topology.nodes.first(where: { $0.name == node }) else {
            throw LocalClusterError.unknownPart(name: node, known: partNames)
        }
        return found.listenPort
    }
}
