import SwiftProtobuf
import SwitchboardProtocol

@testable import SwitchboardClient

/// The calls of one device without anything around them: a test plays the session, the peer connections and time, and
/// reads what comes of it as a story.
struct CallDesk {
    private(set) var book: CallBook
    private(set) var lines: [String] = []
    private var numbers: [ConversationID: UInt32] = [:]

    init(_ options: CallOptions = CallOptions(), isSynchronized: Bool = true) {
        book = CallBook(device: DeviceID(trusted: "phone"), options: options, generator: JitterSource(seed: 1))
        if isSynchronized { tell(.synchronized(missing: [])) }
        _ = take()
    }

    /// What has come since the last look.
    mutating func take() -> [String] {
        defer { lines = [] }
        return lines
    }

    var live: [CallHandle] { book.live }
    func state(_ handle: CallHandle) -> CallState? { book.machine(handle)?.state }
    func id(_ handle: CallHandle) -> ConversationID { book.machine(handle)?.id ?? callA }

    mutating func place(_ media: CallMedia = .audioVideo) -> CallHandle {
        let (handle, _, outputs) = book.place("bob", media)
        note(outputs)
        return handle
    }

    mutating func takeOver(_ id: ConversationID, _ media: CallMedia) throws(CallError) -> CallHandle {
        let (handle, _, outputs) = try book.takeOver(id, media)
        note(outputs)
        return handle
    }

    /// A push has told of a call; what comes of it.
    mutating func pushes(_ id: ConversationID) -> [String] {
        note(book.pushReceived(id))
        return take()
    }

    mutating func does(_ work: (inout CallBook) throws(CallError) -> [CallBook.Output]) throws(CallError) {
        note(try work(&book))
    }

    mutating func tell(_ event: SessionEvent) {
        note(book.happened(event))
    }

    mutating func deliver(_ id: ConversationID, _ device: String = "", _ build: (inout WireMessage) -> Void) {
        numbers[id, default: 0] += 1
        let delivery = WireDeliver.with {
            $0.number = numbers[id] ?? 0
            $0.device = device
            build(&$0.message)
        }
        tell(.delivered(id, delivery))
    }

    mutating func invite(_ id: ConversationID = callA, from caller: String = "bob", video: Bool = true) {
        deliver(id) {
            $0.invite.caller = caller
            $0.invite.media.audio = true
            $0.invite.media.video = video
        }
    }

    mutating func offer(
        _ id: ConversationID = callA, session: UInt32 = 1, revision: UInt32 = 1, device: String = "",
        sdp: String = "offer"
    ) {
        describe("offer", sdp, id, session, revision, device)
    }

    mutating func peerAnswers(_ id: ConversationID, session: UInt32 = 1, revision: UInt32 = 1, sdp: String = "answer") {
        describe("answer", sdp, id, session, revision, "theirs")
    }

    private mutating func describe(
        _ type: String, _ sdp: String, _ id: ConversationID, _ session: UInt32, _ revision: UInt32, _ device: String
    ) {
        deliver(id, device) {
            $0.description_p.type = type
            $0.description_p.sdp = sdp
            $0.description_p.session = session
            $0.description_p.revision = revision
        }
    }

    mutating func select(_ id: ConversationID, session: UInt32 = 0) {
        deliver(id) {
            $0.selected.device = "theirs"
            $0.selected.session = session
        }
    }

    mutating func end(_ id: ConversationID, _ reason: String) {
        deliver(id) { $0.ended.reason = reason }
    }

    mutating func snapshot(_ id: ConversationID, _ build: (inout WireSnapshot) -> Void) {
        tell(.snapshot(id, .with(build)))
    }

    /// The library has done what it was asked.
    mutating func answer(_ id: ConversationID, _ session: UInt32 = 1, _ answer: PeerAnswer = .done) {
        note(book.answered(PeerID(call: id, session: session), answer))
    }

    mutating func happens(_ id: ConversationID, _ session: UInt32 = 1, _ event: PeerConnectionEvent) {
        note(book.happened(PeerID(call: id, session: session), event))
    }

    mutating func fire(_ timer: CallBook.Timer) {
        note(book.timerFired(timer))
    }

    /// Incoming, offered, and answered: it rings and is prepared.
    mutating func ringing(_ id: ConversationID = callA) -> CallHandle {
        invite(id)
        offer(id)
        answer(id)
        answer(id)
        answer(id, 1, .description("mine"))
        answer(id)
        _ = take()
        return book.live.last ?? CallHandle(number: 0)
    }

    /// Called, picked up, and media flow.
    mutating func talking() -> CallHandle {
        let handle = place()
        let id = id(handle)
        answer(id)
        answer(id, 1, .description("mine"))
        for _ in 1...2 { answer(id) }
        select(id)
        peerAnswers(id)
        answer(id)
        happens(id, 1, .connected)
        answer(id, 1, .digests(nil))
        _ = take()
        return handle
    }

    private mutating func note(_ outputs: [CallBook.Output]) {
        lines += outputs.map(\.line)
    }
}

extension CallBook.Output {
    var line: String {
        switch self {
        case .send(let message, _, _): "→ \(message.words)"
        case .command(let peer, let command): "\(peer.session): \(command.words)"
        case .notify(let handle, let event): "! \(handle.number) \(event.words)"
        case .tell(.incoming(let handle)): "! incoming \(handle.number)"
        case .tell(.resumed(let handle)): "! resumed \(handle.number)"
        case .tell(.busy(let handle)): "! busy \(handle.number)"
        case .tell(.elsewhere): "! elsewhere"
        case .schedule(let timer, let delay): "in \(delay.inMilliseconds) ms: \(timer.words)"
        case .cancel(let timer): "never: \(timer.words)"
        case .requestIceServers: "→ ice servers"
        case .learn(let id): "ask for \(id.short)"
        case .settle(let id, let handle): "push \(id.short): \(handle.map { "\($0.number)" } ?? "over")"
        }
    }
}

extension CallBook.Timer {
    fileprivate var words: String {
        switch self {
        case .peer(let peer, let timer): "\(timer) \(peer.session)"
        case .restart: "restart"
        case .giveUp: "give up"
        case .iceServersAge: "ice servers age"
        case .iceServersDue: "ice servers due"
        case .push(let id): "push \(id.short)"
        }
    }
}

extension PeerCommand {
    fileprivate var words: String {
        switch self {
        case .open(let servers, let offers):
            "open" + (offers.map { " for \($0.words)" } ?? "") + servers.flatMap(\.urls).map { " \($0)" }.joined()
        case .createOffer(let restarts): restarts ? "restart" : "offer"
        case .createAnswer: "answer"
        case .setLocal(let description): "local \(description.kind.rawValue) \(description.sdp)"
        case .setRemote(let description): "remote \(description.kind.rawValue) \(description.sdp)"
        case .rollBack: "roll back"
        case .add(let candidates): "add " + candidates.map { $0?.candidate ?? "-" }.joined(separator: " ")
        case .send(let media): "send \(media.words)"
        case .setIceServers(let servers): "servers " + servers.flatMap(\.urls).joined(separator: " ")
        case .readRemoteDigests: "digests"
        case .close: "close"
        }
    }
}

extension CallMedia {
    fileprivate var words: String { (audio ? "a" : "") + (video ? "v" : "") }
}

extension CallEvent {
    fileprivate var words: String {
        switch self {
        case .stateChanged(.ended(let end)): "ended \(end.reason)" + (end.detail.map { " \($0)" } ?? "")
        case .stateChanged(let state): "\(state)"
        case .placed: "placed"
        case .glare(_, _, let role): "glare \(role)"
        case .remoteMediaChanged(let media): "remote \(media.audioMuted ? "muted" : "on")"
        case .peerReconnecting(let isReconnecting): isReconnecting ? "peer reconnecting" : "peer back"
        case .info(_, let body): "info \(body)"
        case .securityCodeChanged(.ready): "code"
        case .securityCodeChanged(let code): "code \(code)"
        case .peerHandover(let handover, let device): "peer handover \(handover) \(device)"
        case .peerConnectionChanged: "connection"
        case .problem(let problem): "problem \(problem.text)"
        }
    }
}

extension WireMessage {
    fileprivate var words: String {
        switch content {
        case .invite(let invite): "invite \(invite.callee) \(CallMedia(invite.media).words)"
        case .description_p(let description):
            "\(description.type) \(description.sdp) \(description.session).\(description.revision)"
        case .candidates(let list):
            "candidates \(list.session).\(list.revision) "
                + list.candidates.map { $0.candidate.isEmpty ? "-" : $0.candidate }.joined(separator: " ")
        case .accept(let accept): "accept \(CallMedia(accept.media).words)"
        case .connected(let connected): "connected \(connected.session)"
        case .hangup(let hangup): "hangup \(hangup.reason)"
        case .handover(let handover): "handover \(CallMedia(handover.media).words)"
        case .security(let security): security.step
        case .info(let info): "info \(info.body)"
        case .mediaState(let media): "media \(media.audioMuted ? "muted" : "on")"
        default: "\(content.map { "\($0)".split(separator: "(").first ?? "" } ?? "nothing")"
        }
    }
}
