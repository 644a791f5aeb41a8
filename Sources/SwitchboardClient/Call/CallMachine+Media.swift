import SwitchboardProtocol

/// What happens to media and network.
extension CallMachine {
    mutating func answered(_ peer: PeerID, _ answer: PeerAnswer) -> [Output] {
        does { $0.answered(peer, answer) }
    }

    mutating func happened(_ peer: PeerID, _ event: PeerConnectionEvent) -> [Output] {
        does { $0.happened(peer, event) }
    }

    mutating func timerFired(_ timer: CallTimer) -> [Output] {
        switch timer {
        case .peer(let peer, let timer): return does { $0.timerFired(peer, timer) }
        case .restart:
            guard !state.hasEnded else { return [] }
            return [.schedule(.restart, after: times.restartAgain)] + restartICE()
        case .giveUp:
            isGivingUp = false
            return isTakingOver ? end(CallEnd(.connectFailed)) : hangUp(.mediaLost)
        }
    }

    /// The network is another, or back.
    mutating func networkChanged() -> [Output] {
        guard !state.hasEnded else { return [] }
        if role == .callee, !isSelected {
            wantsRestart = true
            return []
        }
        return [.wantFreshIceServers]
    }

    /// There are fresh ICE servers, or none are to be had now.
    mutating func iceServersFresh() -> [Output] {
        guard !state.hasEnded else { return [] }
        // While our call rings, there is nobody yet to restart with.
        return isSelected ? does { $0.restartICE() } : role == .caller ? does { $0.revise() } : []
    }

    mutating func iceServersChanged(_ servers: [IceServer]) -> [Output] {
        iceServers = servers
        let outputs = does { $0.setIceServers(servers) }
        guard madeWithoutServers, !servers.isEmpty, !state.hasEnded else { return outputs }
        // The call was made without a connection, and what was gathered then will hardly do.
        madeWithoutServers = false
        return outputs + does { $0.revise() }
    }

    mutating func does(_ input: (inout Negotiation) -> [Negotiation.Output]) -> [Output] {
        var negotiation = negotiation
        let outputs = input(&negotiation)
        self.negotiation = negotiation
        return outputs.flatMap { map($0) }
    }

    mutating func map(_ output: Negotiation.Output) -> [Output] {
        switch output {
        case .command(let peer, let command): return [.command(peer, command)]
        case .send(let message): return state.hasEnded ? [] : [.send(message, in: id)]
        case .schedule(let peer, let timer, let delay): return [.schedule(.peer(peer, timer), after: delay)]
        case .mediaConnected: return mediaConnected()
        case .mediaDisconnected: return mediaLost(hasFailed: false)
        case .mediaFailed: return mediaLost(hasFailed: true)
        case .switched: return [.notify(.peerConnectionChanged)] + announceIfNotable()
        case .peerHandover(let handover, let device): return [.notify(.peerHandover(handover, device: device))]
        case .securityCode(let code):
            securityCode = code
            return [.notify(.securityCodeChanged(code))]
        case .problem(let problem): return [.notify(.problem(problem))]
        case .broken: return state == .active || state == .reconnecting ? [] : hangUp(.mediaError)
        }
    }

    /// Packets pass. A call that is being taken over is not active before the server has decided so.
    mutating func mediaConnected() -> [Output] {
        guard !state.hasEnded else { return [] }
        let outputs = stopRecovering()
        guard !isTakingOver, state == .connecting || state == .reconnecting else { return outputs }
        return outputs + enter(.active)
    }

    mutating func mediaLost(hasFailed: Bool) -> [Output] {
        guard !state.hasEnded else { return [] }
        // The caller restarts first, the callee if that did not help: two restarts at once would only meet.
        let patience = role == .callee ? times.calleeRestart : hasFailed ? .zero : times.callerRestart
        var outputs: [Output] = [.schedule(.restart, after: patience)] + armGivingUp()
        if state == .active { outputs += enter(.reconnecting) + [.send(CallMessage.reconnecting, in: id)] }
        return outputs
    }

    /// Counts from the loss, however the states change meanwhile.
    mutating func armGivingUp() -> [Output] {
        guard !isGivingUp else { return [] }
        isGivingUp = true
        return [.schedule(.giveUp, after: times.giveUp)]
    }

    mutating func stopRecovering() -> [Output] {
        isGivingUp = false
        return [.cancel(.restart), .cancel(.giveUp)]
    }
}
