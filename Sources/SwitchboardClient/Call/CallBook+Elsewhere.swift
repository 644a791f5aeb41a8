import SwitchboardProtocol

/// Calls on other devices of this user, and calls that a push has told of.
extension CallBook {
    mutating func elsewhereReceived(_ id: ConversationID, _ elsewhere: WireElsewhere) -> [Output] {
        guard elsewhere.active else { return over(id) }
        let before = running[id]
        var call =
            before
            ?? CallElsewhere(
                id: id, device: elsewhere.device, peer: nil, role: .callee, media: nil, session: 0)
        if let machine = handles[id].flatMap({ calls[$0] }) {
            call.peer = machine.peer.isEmpty ? call.peer : machine.peer
            call.role = machine.role
            call.media = machine.media
            call.session = max(call.session, machine.negotiation.highestSession)
        }
        call.device = elsewhere.device
        running[id] = call
        unconfirmed.remove(id)
        return call == before ? [] : [.tell(.elsewhere)]
    }

    mutating func goesOnElsewhere(_ id: ConversationID, _ snapshot: WireSnapshot) -> [Output] {
        let before = running[id]
        let role: CallRole = snapshot.role == "caller" ? .caller : .callee
        let call = CallElsewhere(
            id: id, device: snapshot.activeDevice, peer: role == .caller ? snapshot.callee : snapshot.caller,
            role: role,
            media: CallMedia(snapshot.media), session: max(before?.session ?? 0, snapshot.session))
        running[id] = call
        unconfirmed.remove(id)
        return call == before ? [] : [.tell(.elsewhere)]
    }

    /// It is over, or this device has it now.
    mutating func over(_ id: ConversationID) -> [Output] {
        running.removeValue(forKey: id) == nil ? [] : [.tell(.elsewhere)]
    }

    // MARK: - Pushes

    /// A push has told of a call: `settle` says what has become of it, once.
    package mutating func pushReceived(_ id: ConversationID) -> [Output] {
        if let handle = handles[id], let machine = calls[handle] {
            return [.settle(push: id, machine.state.hasEnded ? nil : handle)]
        }
        guard pushed.insert(id).inserted else { return [] }
        return isSynchronized ? patience(id) : [.learn(id)]
    }

    func patience(_ id: ConversationID) -> [Output] {
        [.schedule(.push(id), after: Self.patienceForPush)]
    }

    mutating func heard(_ id: ConversationID) -> [Output] {
        // Until then its end may be right behind.
        isSynchronized && pushed.contains(id) && handles[id] != nil ? settle(push: id) : []
    }

    mutating func settle(push id: ConversationID) -> [Output] {
        guard pushed.remove(id) != nil else { return [] }
        let handle = handles[id].flatMap { calls[$0]?.state.hasEnded == false ? $0 : nil }
        return [.cancel(.push(id)), .settle(push: id, handle)]
    }
}
