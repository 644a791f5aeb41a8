import SwitchboardProtocol

/// Two calls between the same people, and when an incoming one is shown.
extension CallBook {
    /// The other's call has won: ours goes on as that one.
    mutating func glareReceived(_ id: ConversationID, _ glare: WireGlare) -> [Output] {
        guard let handle = handles[id], calls[handle]?.state.hasEnded == false,
            let winner = ConversationID(glare.winner)
        else { return [] }
        let other = handles[winner]
        if let other, calls[other]?.state.hasEnded == true { return callAgain(handle) }
        handles[id] = nil
        handles[winner] = handle
        var outputs: [Output] = []
        var prepared: Negotiation?
        if let other, var surrendering = calls[other] {
            // For the application that object has ended; its conversation has not.
            let surrendered = surrendering.surrendered()
            prepared = surrendered.negotiation
            calls[other] = surrendering
            let wasShown = !unshown.contains(other)
            unshown.removeAll { $0 == other }
            if wasShown { outputs += map(other, surrendered.outputs) }
        }
        return outputs + run(handle) { $0.continues(as: glare, winner, prepared: prepared) }
    }

    mutating func callAgain(_ handle: CallHandle) -> [Output] {
        guard let machine = calls[handle] else { return [] }
        let id = newID()
        handles[machine.id] = nil
        handles[id] = handle
        return run(handle) { $0.continues(under: id) }
    }

    // MARK: - Showing

    /// Behind every input: shows what can be shown now.
    mutating func settled(_ outputs: [Output]) -> [Output] {
        guard isSynchronized, !unshown.isEmpty else { return outputs }
        var outputs = outputs
        for handle in unshown { outputs += show(handle) }
        return outputs
    }

    mutating func show(_ handle: CallHandle) -> [Output] {
        guard let machine = calls[handle] else { return [] }
        let others = live.filter { $0 != handle }.compactMap { calls[$0] }
        let samePeer = others.filter { $0.peer == machine.peer }
        // Both call each other: the server is about to say which call it will be.
        let isReturnCall = samePeer.contains { $0.role == .caller && !$0.isSelected }
        if isReturnCall, !machine.state.hasEnded { return [] }
        unshown.removeAll { $0 == handle }
        guard !machine.state.hasEnded else { return [] }
        if options.busyWhenInCall, others.count > samePeer.count {
            let outputs = try? decide(handle) { machine throws(CallError) in try machine.busy() }
            return [.tell(.busy(handle))] + (outputs ?? [])
        }
        return run(handle) { $0.shown() } + [.tell(.incoming(handle))]
    }
}
