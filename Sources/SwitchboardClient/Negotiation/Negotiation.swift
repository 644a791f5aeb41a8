import SwitchboardProtocol

/// The peer connections of one conversation: the one in use, and one that is about to take its place. Pure.
///
/// Each has a number, its session. Before pickup an offer of a new session takes the place of the old at once: the caller
/// has begun anew. After pickup the old connection stays in use until packets pass on the new one, or, if another device of
/// the peer is behind it (a handover), until the server has decided for that device.
struct Negotiation: Sendable {
    enum Output: Sendable, Equatable {
        case command(PeerID, PeerCommand)
        case send(WireMessage)
        case schedule(PeerID, PeerTimer, after: Duration)
        /// Of the connection in use.
        case mediaConnected, mediaDisconnected, mediaFailed
        /// Another connection is in use, or none.
        case switched
        case peerHandover(PeerHandover, device: String)
        case securityCode(SecurityCode)
        case problem(CallProblem)
        /// The connection in use has failed in a way that a call without media cannot survive.
        case broken
    }

    let call: ConversationID
    let role: CallRole
    private(set) var current: PeerNegotiation?
    private var successor: PeerNegotiation?
    /// Device of the peer that wants to take the call over; the successor may be its.
    private var handoverDevice: String?
    private var isSuccessorHandover = false
    private var isSelected = false
    private var media: CallMedia?
    /// What the caller asked for.
    private let asked: CallMedia
    /// How often a connection was made because the library would not go on with the one before.
    private var renewals = 0
    /// More than that is something that a new one does not mend.
    private static let maximumRenewals = 3
    private var iceServers: [IceServer]
    private var security: SecurityExchange
    /// The highest session seen, of either side.
    private(set) var highestSession: UInt32 = 0
    /// Session on which `connected` was said last, unless the media was lost since.
    private var connectedSession: UInt32 = 0

    init(
        call: ConversationID, role: CallRole, asked: CallMedia, iceServers: [IceServer],
        generator: any RandomNumberGenerator & Sendable
    ) {
        self.call = call
        self.role = role
        self.asked = asked
        self.iceServers = iceServers
        security = SecurityExchange(call: call, role: role, generator: generator)
    }

    /// Packets pass on the connection in use.
    var mediaFlows: Bool { current.map { $0.id.session == connectedSession } ?? false }

    mutating func noteSession(_ session: UInt32) {
        highestSession = max(highestSession, session)
    }

    /// Offers a connection of our own: the first of a call, or one in place of a connection that is gone.
    mutating func offer(_ offered: CallMedia) -> [Output] {
        closeCurrent() + begin(session: highestSession + 1, offers: offered)
    }

    /// The network changed while our call rings.
    mutating func revise() -> [Output] { ofCurrent { $0.revise() } }

    /// - Parameter session: told by the server after a handover.
    mutating func selectedReceived(session: UInt32) -> [Output] {
        var outputs: [Output] = []
        if !isSelected {
            isSelected = true
            outputs += told(security.selected())
            outputs += ofCurrent { $0.selected() }
            outputs += ofSuccessor { $0.selected() }
        }
        if session > 0, session == successor?.id.session { outputs += promoteSuccessor() }
        return outputs
    }

    /// - Parameter device: of the peer; empty before pickup.
    mutating func descriptionReceived(_ description: WireDescription, device: String) -> [Output] {
        let session = description.session
        noteSession(session)
        if session == successor?.id.session { return ofSuccessor { $0.descriptionReceived(description) } }
        if session == current?.id.session { return ofCurrent { $0.descriptionReceived(description) } }
        let newest = max(current?.id.session ?? 0, successor?.id.session ?? 0)
        guard description.type == "offer", session > newest else { return [] }
        return answerNewSession(description, device: device)
    }

    mutating func candidatesReceived(_ candidates: WireCandidates) -> [Output] {
        if candidates.session == successor?.id.session {
            return ofSuccessor { $0.candidatesReceived(candidates.candidates) }
        }
        guard candidates.session == current?.id.session else { return [] }
        return ofCurrent { $0.candidatesReceived(candidates.candidates) }
    }

    mutating func securityReceived(_ message: WireSecurity) -> [Output] {
        told(security.received(message))
    }

    /// Another device of the peer wants the call, or wants it no more.
    mutating func handoverReceived(_ handover: WireHandover) -> [Output] {
        guard handover.cancelled else {
            handoverDevice = handover.device
            return [.peerHandover(.started, device: handover.device)]
        }
        guard let device = handoverDevice, handover.device.isEmpty || handover.device == device else { return [] }
        handoverDevice = nil
        return (isSuccessorHandover ? dropSuccessor() : []) + [.peerHandover(.failed, device: device)]
    }

    /// What this device's user wants to send, from now on.
    mutating func send(_ media: CallMedia) -> [Output] {
        self.media = media
        return ofCurrent { $0.send(media) } + ofSuccessor { $0.send(media) }
    }

    mutating func restartICE() -> [Output] {
        // Where a successor is under way, the connection before it has no future.
        successor == nil || isSuccessorHandover ? ofCurrent { $0.restartICE() } : ofSuccessor { $0.restartICE() }
    }

    mutating func setIceServers(_ servers: [IceServer]) -> [Output] {
        iceServers = servers
        return ofCurrent { $0.setIceServers(servers) } + ofSuccessor { $0.setIceServers(servers) }
    }

    mutating func close() -> [Output] {
        closeCurrent() + dropSuccessor()
    }

    // MARK: - The peer connections

    mutating func answered(_ id: PeerID, _ answer: PeerAnswer) -> [Output] {
        with(id) { $0.answered(answer) }
    }

    mutating func happened(_ id: PeerID, _ event: PeerConnectionEvent) -> [Output] {
        with(id) { $0.happened(event) }
    }

    mutating func timerFired(_ id: PeerID, _ timer: PeerTimer) -> [Output] {
        with(id) { $0.timerFired(timer) }
    }

    private mutating func with(_ id: PeerID, _ input: (inout PeerNegotiation) -> [PeerNegotiation.Output]) -> [Output] {
        if id == current?.id { return ofCurrent(input) }
        if id == successor?.id { return ofSuccessor(input) }
        return []
    }

    private mutating func ofCurrent(_ input: (inout PeerNegotiation) -> [PeerNegotiation.Output]) -> [Output] {
        guard var peer = current else { return [] }
        let outputs = input(&peer)
        current = peer
        return map(peer.id, outputs)
    }

    private mutating func ofSuccessor(_ input: (inout PeerNegotiation) -> [PeerNegotiation.Output]) -> [Output] {
        guard var peer = successor else { return [] }
        let outputs = input(&peer)
        successor = peer
        return map(peer.id, outputs)
    }

    /// The connection may cease to be what it was while its outputs are dealt with.
    private mutating func map(_ id: PeerID?, _ outputs: [PeerNegotiation.Output]) -> [Output] {
        guard let id else { return [] }
        return outputs.flatMap { map(id, $0) }
    }

    private mutating func map(_ id: PeerID, _ output: PeerNegotiation.Output) -> [Output] {
        switch output {
        case .command(let command): return [.command(id, command)]
        case .send(let message): return [.send(message)]
        case .schedule(let timer, let delay): return [.schedule(id, timer, after: delay)]
        case .localDescribed(let sdp): return told(security.localDescribed(id.session, sdp))
        case .remoteDescribed(let sdp): return told(security.remoteDescribed(id.session, sdp))
        case .secured(let digests): return told(security.secured(id.session, digests))
        case .connected: return connected(id)
        case .disconnected: return lost(id, .mediaDisconnected)
        case .failed: return lost(id, .mediaFailed)
        case .mediaRefused(let text): return [.problem(CallProblem(kind: .media, text: text))]
        case .broken(let text): return broken(id, text)
        }
    }

    // MARK: - Sessions

    private mutating func begin(session: UInt32, offers: CallMedia?, answering offer: WireDescription? = nil)
        -> [Output]
    {
        let made = make(session: session, offers: offers)
        current = made
        var outputs: [Output] = [.switched] + map(made.id, made.began())
        outputs += told(security.switched(to: session))
        if let offer { outputs += ofCurrent { $0.descriptionReceived(offer) } }
        if isSelected { outputs += ofCurrent { $0.selected() } }
        if let media { outputs += ofCurrent { $0.send(media) } }
        return outputs
    }

    private mutating func make(session: UInt32, offers: CallMedia?) -> PeerNegotiation {
        noteSession(session)
        return PeerNegotiation(
            id: PeerID(call: call, session: session), isPolite: role == .callee, iceServers: iceServers, offers: offers)
    }

    private mutating func answerNewSession(_ description: WireDescription, device: String) -> [Output] {
        guard isSelected, current != nil else {
            return closeCurrent() + begin(session: description.session, offers: nil, answering: description)
        }
        var outputs = dropSuccessor()
        isSuccessorHandover = !device.isEmpty && device == handoverDevice
        let made = make(session: description.session, offers: nil)
        successor = made
        outputs += map(made.id, made.began())
        // The code of a handover is made with the device that gets the call, when it has it.
        if !isSuccessorHandover { outputs += told(security.start(description.session)) }
        outputs += ofSuccessor { $0.selected() }
        outputs += ofSuccessor { $0.descriptionReceived(description) }
        if let media { outputs += ofSuccessor { $0.send(media) } }
        return outputs
    }

    private mutating func connected(_ id: PeerID) -> [Output] {
        if id == successor?.id {
            return sayConnected(id.session) + (isSuccessorHandover ? [] : promoteSuccessor())
        }
        // The state first: a call is active before its peer hears of it.
        return id == current?.id ? [.mediaConnected] + sayConnected(id.session) : []
    }

    private mutating func lost(_ id: PeerID, _ output: Output) -> [Output] {
        guard id == current?.id else { return [] }
        connectedSession = 0
        return [output]
    }

    private mutating func sayConnected(_ session: UInt32) -> [Output] {
        guard connectedSession != session else { return [] }
        connectedSession = session
        var message = WireMessage()
        message.connected.session = session
        return [.send(message)]
    }

    private mutating func promoteSuccessor() -> [Output] {
        guard let promoted = successor else { return [] }
        let closing = closeCurrent()
        let device = isSuccessorHandover ? handoverDevice : nil
        current = promoted
        successor = nil
        isSuccessorHandover = false
        var outputs: [Output] = [.switched]
        outputs += told(security.switched(to: promoted.id.session))
        outputs += closing + [.mediaConnected]
        if let device {
            handoverDevice = nil
            outputs.append(.peerHandover(.completed, device: device))
        }
        return outputs
    }

    private mutating func closeCurrent() -> [Output] {
        let outputs = ofCurrent { $0.close() }
        current = nil
        return outputs
    }

    private mutating func dropSuccessor() -> [Output] {
        let outputs = ofSuccessor { $0.close() }
        successor = nil
        isSuccessorHandover = false
        return outputs
    }

    private mutating func broken(_ id: PeerID, _ text: String) -> [Output] {
        let problem = Output.problem(CallProblem(kind: .negotiation, text: text))
        // The connection in use is not concerned.
        guard id != successor?.id else { return dropSuccessor() + [problem] }
        guard isSelected, renewals < Self.maximumRenewals else { return [problem, .broken] }
        return [problem] + renew()
    }

    /// The library does not go on with this connection: another one, while the media flow over this as long as they do.
    private mutating func renew() -> [Output] {
        guard successor == nil else { return [] }
        renewals += 1
        let made = make(session: highestSession + 1, offers: asked.union(media ?? asked))
        successor = made
        var outputs = map(made.id, made.began())
        outputs += told(security.start(made.id.session))
        outputs += ofSuccessor { $0.selected() }
        if let media { outputs += ofSuccessor { $0.send(media) } }
        return outputs
    }

    // MARK: - The security code

    private func told(_ outcome: SecurityExchange.Outcome) -> [Output] {
        var outputs = outcome.messages.map { Output.send($0) }
        if let failure = outcome.failure {
            outputs.append(.problem(CallProblem(kind: .security, text: failure.rawValue)))
        }
        if let code = outcome.code { outputs.append(.securityCode(code)) }
        return outputs
    }
}
