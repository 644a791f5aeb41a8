import DequeModule
import SwitchboardProtocol

/// One peer connection of a call, and the rules of its descriptions and candidates. Pure: commands go out, answers and
/// events come in.
///
/// Three rules shape it. Nothing with an address leaves before pickup: what is sent is the text that `createOffer` and
/// `createAnswer` return, before `setLocalDescription` starts the gathering; candidates follow on their own, and the server
/// holds them. Captured media play no part in the negotiation: transceivers are negotiated for both directions, and
/// `send(media)` fills them whenever there is something. And all work on the connection is done in the order in which it
/// was asked for, since libraries refuse candidates that overtake their description.
///
/// Both sides number alike: `session` counts the peer connections of the call, `revision` the offers made on this one, by
/// whichever side. An answer to an older offer is late, and dropped.
///
/// Negotiation after pickup is "perfect negotiation" (WebRTC 1.0 §10.7): when offers meet, the polite side, the callee,
/// takes its own back.
struct PeerNegotiation: Sendable {
    /// Candidates in one message at most.
    private static let largestBatch = 32
    /// How long the first candidate waits for others: libraries find them in bursts, and each message is a transaction.
    private static let gatheringPause: Duration = .milliseconds(10)
    /// After this time a connection that has not come about by itself needs another offer.
    private static let firstConnection: Duration = .seconds(3)

    enum Output: Sendable, Equatable {
        case command(PeerCommand)
        case send(WireMessage)
        case schedule(PeerTimer, after: Duration)
        /// A description counts from now on.
        case localDescribed(String)
        case remoteDescribed(String)
        case connected, disconnected, failed
        case secured([[UInt8]]?)
        /// The library refused something that the call cannot go on without.
        case broken(String)
        /// Media could not be captured or sent; the call can go on without.
        case mediaRefused(String)
    }

    enum Work: Sendable, Equatable {
        case offer
        /// A further offer in place of one that is not answered, while it rings.
        case revisedOffer
        case answer(WireDescription)
        case applyAnswer(WireDescription)
        case addCandidates([WireCandidate])
        case sendMedia(CallMedia)
        case setIceServers([IceServer])
        case readDigests
    }

    /// What the command under way is for.
    private enum Step: Sendable {
        case opening
        case creatingOffer
        case applyingOffer
        case takingBack(for: WireDescription)
        case applyingRemoteOffer(WireDescription)
        case creatingAnswer(WireDescription)
        case applyingOwnAnswer
        case applyingAnswer(WireDescription)
        case addingCandidates, sendingMedia, settingIceServers, readingDigests
    }

    private enum Signaling {
        case stable, haveLocalOffer
    }

    let id: PeerID
    private let isPolite: Bool
    private var revision: UInt32 = 0
    private var signaling = Signaling.stable
    private var step: Step?
    private var work: Deque<Work> = []
    private var isClosed = false
    /// Both devices are selected.
    private var isSelected = false
    /// Either side may negotiate.
    private var isNegotiable = false
    /// Wishes for a negotiation from before that, or from while another one was under way.
    private var wantsOffer = false
    private var wantsRestart = false
    /// Local candidates that are not sent.
    private var gathered: [WireCandidate] = []
    private var isFlushDue = false
    /// Remote candidates that came before any description; and the ICE user names of the present one.
    private var early: [WireCandidate] = []
    private var remoteUsernames: Set<String>?

    private(set) var isConnected = false

    /// - Parameter offers: nil: the other side makes the first offer.
    init(id: PeerID, isPolite: Bool, iceServers: [IceServer], offers: CallMedia?) {
        self.id = id
        self.isPolite = isPolite
        step = .opening
        opening = .open(iceServers: iceServers, offers: offers)
        if offers != nil { work.append(.offer) }
    }

    private let opening: PeerCommand

    /// The first command.
    func began() -> [Output] { [.command(opening)] }

    // MARK: - What is asked of it

    /// Both devices are selected: either side may negotiate, as soon as the first negotiation has borne its fruit.
    ///
    /// An answer to a second offer that comes before the DTLS handshake may take the other role in it than the first one
    /// (Firefox does), and the connection is lost. Where nothing comes about by itself, an ICE restart may help after all.
    mutating func selected() -> [Output] {
        guard !isSelected else { return [] }
        isSelected = true
        return isConnected ? mayNegotiate() : [.schedule(.negotiable, after: Self.firstConnection)]
    }

    private mutating func mayNegotiate() -> [Output] {
        isNegotiable = true
        return offerIfWanted()
    }

    mutating func descriptionReceived(_ description: WireDescription) -> [Output] {
        switch description.type {
        case "offer": add(.answer(description))
        case "answer": add(.applyAnswer(description))
        default: []
        }
    }

    mutating func candidatesReceived(_ candidates: [WireCandidate]) -> [Output] {
        add(.addCandidates(candidates))
    }

    mutating func send(_ media: CallMedia) -> [Output] {
        add(.sendMedia(media))
    }

    /// For the next gathering.
    mutating func setIceServers(_ servers: [IceServer]) -> [Output] {
        add(.setIceServers(servers))
    }

    /// Looks for a new path; the media goes on over the old one while it lives.
    mutating func restartICE() -> [Output] {
        wantsRestart = true
        return offerIfWanted()
    }

    /// The network changed while our call rings: an offer with which gathering begins anew takes the place of the last.
    mutating func revise() -> [Output] {
        add(.revisedOffer)
    }

    mutating func close() -> [Output] {
        guard !isClosed else { return [] }
        isClosed = true
        work = []
        gathered = []
        return [.command(.close)]
    }

    // MARK: - What happens to it

    mutating func happened(_ event: PeerConnectionEvent) -> [Output] {
        guard !isClosed else { return [] }
        switch event {
        case .candidate(let candidate): return found(candidate.wire)
        case .gatheringComplete: return found(WireCandidate())
        case .negotiationNeeded:
            // Wishes from before the first negotiation are met by it.
            guard isNegotiable || remoteUsernames != nil else { return [] }
            wantsOffer = true
            return offerIfWanted()
        case .connected:
            isConnected = true
            return [.connected] + add(.readDigests) + (isSelected ? mayNegotiate() : [])
        case .disconnected:
            isConnected = false
            return [.disconnected]
        case .failed:
            isConnected = false
            return [.failed]
        }
    }

    mutating func timerFired(_ timer: PeerTimer) -> [Output] {
        switch timer {
        case .flush: flushDue()
        case .negotiable: isClosed ? [] : mayNegotiate()
        }
    }

    private mutating func flushDue() -> [Output] {
        isFlushDue = false
        guard !isClosed, !gathered.isEmpty else { return [] }
        var message = WireMessage()
        message.candidates.candidates = gathered
        message.candidates.session = id.session
        message.candidates.revision = revision
        gathered = []
        return [.send(message)]
    }

    private mutating func found(_ candidate: WireCandidate) -> [Output] {
        gathered.append(candidate)
        if candidate.candidate.isEmpty || gathered.count >= Self.largestBatch { return flushDue() }
        guard !isFlushDue else { return [] }
        isFlushDue = true
        return [.schedule(.flush, after: Self.gatheringPause)]
    }

    // MARK: - Work, in order

    private mutating func add(_ one: Work) -> [Output] {
        guard !isClosed else { return [] }
        work.append(one)
        return step == nil ? next() : []
    }

    private mutating func offerIfWanted() -> [Output] {
        guard isNegotiable, wantsOffer || wantsRestart, signaling == .stable else { return [] }
        return work.contains(.offer) ? [] : add(.offer)
    }

    /// Begins what is next; goes on until a command is under way or nothing is left.
    private mutating func next() -> [Output] {
        step = nil
        while let one = work.popFirst() {
            if let outputs = begin(one) { return outputs }
        }
        return []
    }

    /// nil: there is nothing to do about it any more.
    private mutating func begin(_ one: Work) -> [Output]? {
        switch one {
        case .offer:
            guard signaling == .stable else { return nil }
            let restarts = wantsRestart
            (wantsOffer, wantsRestart) = (false, false)
            return command(.createOffer(restartingICE: restarts), .creatingOffer)
        case .revisedOffer:
            guard !isSelected, signaling == .haveLocalOffer else { return nil }
            return command(.createOffer(restartingICE: true), .creatingOffer)
        case .answer(let description):
            if signaling == .haveLocalOffer {
                guard isPolite else { return nil }
                return command(.rollBack, .takingBack(for: description))
            }
            return applyOffer(description)
        case .applyAnswer(let description):
            guard signaling == .haveLocalOffer, description.revision == revision else { return nil }
            return command(
                .setRemote(SessionDescription(.answer, description.sdp)), .applyingAnswer(description))
        case .addCandidates(let candidates):
            guard let remoteUsernames else {
                early += candidates
                return nil
            }
            let present = candidates.filter { Self.isOf(remoteUsernames, $0) }
            return present.isEmpty ? nil : command(.add(present.map(IceCandidate.from)), .addingCandidates)
        case .sendMedia(let media): return command(.send(media), .sendingMedia)
        case .setIceServers(let servers): return command(.setIceServers(servers), .settingIceServers)
        case .readDigests: return command(.readRemoteDigests, .readingDigests)
        }
    }

    private mutating func command(_ command: PeerCommand, _ step: Step) -> [Output] {
        self.step = step
        return [.command(command)]
    }

    private mutating func applyOffer(_ description: WireDescription) -> [Output] {
        command(.setRemote(SessionDescription(.offer, description.sdp)), .applyingRemoteOffer(description))
    }

    // MARK: - Answers

    /// The command under way is done, or has failed.
    mutating func answered(_ answer: PeerAnswer) -> [Output] {
        guard !isClosed, let step else { return [] }
        if case .failed(let text) = answer { return failed(step, text) }
        switch (step, answer) {
        case (.creatingOffer, .description(let sdp)): return offerCreated(sdp)
        case (.creatingAnswer(let offer), .description(let sdp)): return answerCreated(sdp, to: offer)
        case (.takingBack(let offer), .done):
            signaling = .stable
            return applyOffer(offer)
        case (.applyingOffer, .done): return next()
        case (.applyingRemoteOffer(let offer), .done):
            revision = max(revision, offer.revision)
            return remoteDescribed(offer.sdp) + command(.createAnswer, .creatingAnswer(offer))
        case (.applyingOwnAnswer, .done):
            return settled()
        case (.applyingAnswer(let description), .done):
            signaling = .stable
            return remoteDescribed(description.sdp) + settled()
        case (.readingDigests, .digests(let digests)):
            return [.secured(digests)] + next()
        default: return next()
        }
    }

    private mutating func offerCreated(_ sdp: String) -> [Output] {
        revision += 1
        signaling = .haveLocalOffer
        return [.send(description("offer", sdp, revision)), .localDescribed(sdp)]
            + command(.setLocal(SessionDescription(.offer, sdp)), .applyingOffer)
    }

    private mutating func answerCreated(_ sdp: String, to offer: WireDescription) -> [Output] {
        [.send(description("answer", sdp, offer.revision)), .localDescribed(sdp)]
            + command(.setLocal(SessionDescription(.answer, sdp)), .applyingOwnAnswer)
    }

    private func description(_ type: String, _ sdp: String, _ revision: UInt32) -> WireMessage {
        var message = WireMessage()
        message.description_p.type = type
        message.description_p.sdp = sdp
        message.description_p.session = id.session
        message.description_p.revision = revision
        return message
    }

    private mutating func remoteDescribed(_ sdp: String) -> [Output] {
        remoteUsernames = Self.usernames(sdp)
        if !early.isEmpty {
            work.prepend(.addCandidates(early))
            early = []
        }
        return [.remoteDescribed(sdp)]
    }

    /// The signaling state is stable: wishes that came meanwhile have their turn, behind the work that waits.
    private mutating func settled() -> [Output] {
        step = nil
        if isNegotiable, wantsOffer || wantsRestart { work.append(.offer) }
        return next()
    }

    private mutating func failed(_ step: Step, _ text: String) -> [Output] {
        switch step {
        case .sendingMedia: return [.mediaRefused(text)] + next()
        case .readingDigests: return [.secured(nil)] + next()
        // Some of a restart's candidates come late; and new servers are for the next gathering.
        case .addingCandidates, .settingIceServers: return next()
        case .applyingOffer:
            signaling = .stable
            return [.broken(text)] + next()
        case .opening:
            // There is nothing that could be asked for anything more.
            isClosed = true
            return [.broken(text)]
        case .creatingOffer, .takingBack, .applyingRemoteOffer, .creatingAnswer, .applyingOwnAnswer,
            .applyingAnswer:
            return [.broken(text)] + next()
        }
    }

    // MARK: - ICE user names

    /// After an ICE restart, candidates of before it may still come; libraries refuse them.
    private static func isOf(_ usernames: Set<String>, _ candidate: WireCandidate) -> Bool {
        candidate.usernameFragment.isEmpty || usernames.isEmpty || usernames.contains(candidate.usernameFragment)
    }

    private static func usernames(_ sdp: String) -> Set<String> {
        let prefix = "a=ice-ufrag:"
        let lines = sdp.split(whereSeparator: \.isNewline).filter { $0.hasPrefix(prefix) }
        return Set(lines.map { String($0.dropFirst(prefix.count)) })
    }
}
