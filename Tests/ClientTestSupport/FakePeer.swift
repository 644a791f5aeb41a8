package import SwitchboardClient

/// A peer connection without media, as far as a negotiation can tell: it keeps the signaling states of WebRTC 1.0 §4.3.3
/// and refuses what they do not allow, gathers candidates after a local description, refuses candidates that it cannot
/// place, and names its certificate.
///
/// Stricter than browsers: an offer while one of its own is out must be preceded by a rollback, as native libraries want it.
package struct FakePeer {
    package enum Failure: Error, Equatable {
        case invalidState(String)
        case unknownCandidate
        case closed
    }

    private enum State: String {
        case stable, haveLocalOffer, haveRemoteOffer
    }

    /// Tells it from others; stands in its descriptions and candidates.
    let name: String
    private var state = State.stable
    private var generation = 0
    private var kinds: [String]
    private(set) var local: String?
    private(set) var remote: String?
    private var stableLocal: String?
    private var hasRemoteCandidates = false
    private(set) var isClosed = false
    package private(set) var media = CallMedia(audio: false, video: false)

    /// - Parameters:
    ///   - name: letters and digits.
    ///   - offers: kinds that it has transceivers for; nil: the offer will bring them.
    package init(name: String, offers: CallMedia?) {
        self.name = name
        kinds = [offers?.audio == true ? "audio" : nil, offers?.video == true ? "video" : nil].compactMap(\.self)
    }

    package var certificateDigest: [UInt8] {
        Array((Array(name.utf8) + Array(repeating: 0x5a, count: 32)).prefix(32))
    }

    // MARK: - Methods of a peer connection

    package mutating func createOffer(restartingICE: Bool) throws -> String {
        try demand(state != .haveRemoteOffer, "createOffer")
        if restartingICE { generation += 1 }
        return sdp()
    }

    package mutating func createAnswer() throws -> String {
        try demand(state == .haveRemoteOffer, "createAnswer")
        return sdp()
    }

    package mutating func setLocal(_ description: SessionDescription) throws -> [PeerConnectionEvent] {
        switch description.kind {
        case .offer:
            try demand(state != .haveRemoteOffer, "setLocalDescription(offer)")
            if state == .stable { stableLocal = local }
            state = .haveLocalOffer
        case .answer:
            try demand(state == .haveRemoteOffer, "setLocalDescription(answer)")
            state = .stable
        }
        let gathers = local?.username != description.sdp.username
        local = description.sdp
        return gathers ? gathered() : []
    }

    package mutating func setRemote(_ description: SessionDescription) throws {
        switch description.kind {
        case .offer:
            try demand(state == .stable, "setRemoteDescription(offer)")
            state = .haveRemoteOffer
            let offered = ["audio", "video"].filter { description.sdp.contains("m=\($0)") }
            // Whoever restarts wants the other side to restart as well.
            if let remote, remote.username != description.sdp.username { generation += 1 }
            kinds += offered.filter { !kinds.contains($0) }
        case .answer:
            try demand(state == .haveLocalOffer, "setRemoteDescription(answer)")
            state = .stable
        }
        if remote?.username != description.sdp.username { hasRemoteCandidates = false }
        remote = description.sdp
    }

    package mutating func rollBack() throws {
        try demand(state == .haveLocalOffer, "rollback")
        state = .stable
        local = stableLocal
    }

    package mutating func add(_ candidate: IceCandidate?) throws {
        try demand(remote != nil, "addIceCandidate")
        guard let candidate else { return }
        guard candidate.usernameFragment == remote?.username else { throw Failure.unknownCandidate }
        hasRemoteCandidates = true
    }

    package mutating func send(_ media: CallMedia) throws -> [PeerConnectionEvent] {
        try demand(true, "send")
        self.media = media
        let wanted = [media.audio ? "audio" : nil, media.video ? "video" : nil].compactMap(\.self)
        let new = wanted.filter { !kinds.contains($0) }
        // Before any negotiation the first one will do.
        guard !new.isEmpty, local != nil else { return [] }
        kinds += new
        return [.negotiationNeeded]
    }

    package mutating func close() {
        isClosed = true
    }

    // MARK: - As the network sees it

    /// Packets could pass between the two: each has the other's present description, and candidates are known.
    static func fit(_ left: FakePeer, _ right: FakePeer) -> Bool {
        guard !left.isClosed, !right.isClosed, let leftLocal = left.local, let rightLocal = right.local else {
            return false
        }
        return left.state == .stable && right.state == .stable && left.remote?.username == rightLocal.username
            && right.remote?.username == leftLocal.username && (left.hasRemoteCandidates || right.hasRemoteCandidates)
    }

    /// Changes with each ICE restart.
    var path: String { "\(local?.username ?? "")|\(remote?.username ?? "")" }

    // MARK: - Inside

    private func demand(_ condition: Bool, _ method: String) throws {
        guard !isClosed else { throw Failure.closed }
        guard condition else { throw Failure.invalidState("\(method) while \(state.rawValue)") }
    }

    private var username: String { "\(name)g\(generation)" }

    private func sdp() -> String {
        let digest = certificateDigest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
            .joined(separator: ":").uppercased()
        let head = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=fingerprint:sha-256 \(digest)\r\n"
        let sections = kinds.map {
            "m=\($0) 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\na=ice-ufrag:\(username)\r\n"
        }
        return head + sections.joined()
    }

    private func gathered() -> [PeerConnectionEvent] {
        let candidates = (1...2).map { number in
            PeerConnectionEvent.candidate(
                IceCandidate(
                    candidate: "candidate:\(number) 1 udp 1 192.0.2.\(number) 9 typ host \(username)", sdpMid: "0",
                    usernameFragment: username))
        }
        return candidates + [.gatheringComplete]
    }
}

extension String {
    fileprivate var username: String? {
        split(separator: "\r\n").first { $0.hasPrefix("a=ice-ufrag:") }.map { String($0.dropFirst(12)) }
    }
}
