import SwitchboardProtocol

/// What the server tells.
extension CallMachine {
    /// From the peer or the server, in order and once each.
    mutating func received(_ message: WireMessage, device: String) -> [Output] {
        guard !state.hasEnded else { return [] }
        switch message.content {
        case .ringing: return state == .inviting ? enter(.ringing) : []
        case .selected(let selected): return selectedReceived(session: selected.session)
        case .description_p(let description): return does { $0.descriptionReceived(description, device: device) }
        case .candidates(let candidates): return does { $0.candidatesReceived(candidates) }
        case .security(let security): return does { $0.securityReceived(security) }
        case .handover(let handover): return does { $0.handoverReceived(handover) }
        case .mediaState(let media): return remoteMediaReceived(MediaState(media))
        case .info(let info): return [.notify(.info(type: info.type, body: info.body))]
        case .reconnecting: return peerReconnects(true)
        case .connected: return peerReconnects(false)
        case .ended(let ended): return end(CallEnd(ended.reason, detail: ended.detail))
        // Kinds of a later version, and those that need nothing here.
        default: return []
        }
    }

    /// In place of the deliveries that led there.
    mutating func snapshotReceived(_ snapshot: WireSnapshot) -> [Output] {
        guard !state.hasEnded else { return [] }
        negotiation.noteSession(snapshot.session)
        if snapshot.state == "ended" { return end(CallEnd(snapshot.reason)) }
        if snapshot.leg == "cancelled" {
            return end(CallEnd(snapshot.reason.isEmpty ? EndReason.answeredElsewhere.rawValue : snapshot.reason))
        }
        if !snapshot.activeDevice.isEmpty, !isTakingOver {
            return end(CallEnd(isSelected ? .replaced : .answeredElsewhere))
        }
        switch snapshot.state {
        case "ringing": return state == .inviting ? enter(.ringing) : []
        case "connecting", "active": return selectedReceived(session: snapshot.selected.session)
        default: return []
        }
    }

    /// The server has committed our messages up to this number.
    mutating func accepted() -> [Output] {
        guard role == .caller, !isPlaced, !isTakingOver, !isResumed, !state.hasEnded else { return [] }
        isPlaced = true
        return [.notify(.placed)]
    }

    /// The session is over, and with it all signaling: a call that nobody has picked up yet can come to nothing more; in
    /// others the media may be well.
    mutating func sessionEnded() -> [Output] {
        state.isPickedUp ? [] : finish(CallEnd(.signalLost))
    }

    /// The server has refused a message of ours for good.
    mutating func refused(_ message: WireMessage?, _ error: ServerError) -> [Output] {
        guard !state.hasEnded else { return [] }
        switch message?.content {
        case .invite: return end(CallEnd(error.known == .notAllowed ? .notAllowed : .serverError))
        case .accept: return end(CallEnd(.serverError))
        case .handover: return end(CallEnd(.connectFailed))
        case .description_p where isTakingOver && handoverOffers < Self.maximumHandoverOffers: return offerHandover()
        case .description_p where !state.isPickedUp: return end(CallEnd(.mediaError))
        default: return [.notify(.problem(CallProblem(kind: .refusal(error), text: error.description)))]
        }
    }

    /// The session could not take a message of ours.
    mutating func notTaken(_ message: WireMessage, _ refusal: SendRefusal) -> [Output] {
        guard !state.hasEnded else { return [] }
        let problem = Output.notify(.problem(CallProblem(kind: .notTaken(refusal), text: "\(refusal)")))
        switch message.content {
        case .invite, .accept, .handover: return [problem] + finish(CallEnd(.serverError))
        case .description_p where !state.isPickedUp: return [problem] + hangUp(.mediaError)
        default: return [problem]
        }
    }

    /// The server knows nothing of this call.
    mutating func unknown() -> [Output] {
        end(CallEnd(.serverError))
    }

    mutating func selectedReceived(session: UInt32) -> [Output] {
        let (wasSelected, wasTakingOver) = (isSelected, isTakingOver)
        isSelected = true
        isTakingOver = false
        isReturning = false
        var outputs = state.isPickedUp ? [] : enter(.connecting)
        outputs += does { $0.selectedReceived(session: session) }
        if wasTakingOver, negotiation.mediaFlows { outputs += mediaConnected() }
        if isResumed, negotiation.current == nil { outputs += resume() }
        // The peer may know how things stood at another device, or in another life of this one.
        if wasTakingOver || isResumed && !wasSelected {
            outputs.append(.send(CallMessage.mediaState(localMedia), in: id))
        } else if !wasSelected {
            outputs += announceIfNotable()
        }
        if wantsRestart { outputs += restartICE() }
        wantsRestart = false
        return outputs
    }

    mutating func remoteMediaReceived(_ media: MediaState) -> [Output] {
        guard media != remoteMedia else { return [] }
        remoteMedia = media
        return [.notify(.remoteMediaChanged(media))]
    }

    mutating func peerReconnects(_ isReconnecting: Bool) -> [Output] {
        guard isReconnecting != isPeerReconnecting else { return [] }
        isPeerReconnecting = isReconnecting
        return [.notify(.peerReconnecting(isReconnecting))]
    }

    /// The peer, or another of its devices, does not know what is switched off here.
    func announceIfNotable() -> [Output] {
        isSelected && localMedia != MediaState() ? [.send(CallMessage.mediaState(localMedia), in: id)] : []
    }

    /// The session must be higher than all of the call, of which this device may not have been told.
    mutating func offerHandover() -> [Output] {
        handoverOffers += 1
        negotiation.noteSession(negotiation.highestSession + Self.sessionLeap)
        return does { [chosen, media] in $0.offer(CallMedia(audio: true, video: chosen.video || media.video)) }
    }
}
