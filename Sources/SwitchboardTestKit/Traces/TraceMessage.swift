import SwiftProtobuf
public import SwitchboardProtocol

/// A message as the words of a trace: the same grammar for what devices send and for what is delivered to them.
public enum TraceMessage {
    /// - Throws: `TraceError` if the words are no message.
    public static func message(_ text: String, _ names: TraceNames) throws(TraceError) -> WireMessage {
        var words = Words(text)
        let message = try message(&words, names)
        guard words.isEmpty else { throw TraceError("what is \(words.rest) in: \(text)?") }
        return message
    }

    private static func message(_ words: inout Words, _ names: TraceNames) throws(TraceError) -> WireMessage {
        var message = WireMessage()
        let kind = try words.next()
        switch kind {
        case "invite":
            message.invite.callee = names.user(try words.next())
            message.invite.media = words.media()
            if let seconds = try words.number(after: "rings") { message.invite.ringTimeoutMs = Double(seconds * 1000) }
            if let seconds = try words.number(after: "aged") { message.invite.ageMs = Double(seconds * 1000) }
        case "offer", "answer":
            let mark = try words.next()
            let session = try words.number(after: "session") ?? 1
            let revision = try words.number(after: "revision") ?? 1
            message = .description(kind, session: session, revision: revision, mark: mark)
            if words.take("with") {
                guard words.take("an"), words.take("address") else { throw TraceError("with what?") }
                message.description_p.sdp += "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n"
            }
        case "candidates":
            let mark = try words.next()
            message = .candidates(mark, session: try words.number(after: "session") ?? 1)
        case "ringing": message = .ringing
        case "accept":
            let media = words.media()
            message.content = .accept(WireAccept.with { if media != WireMedia() { $0.media = media } })
        case "reject": message = .reject
        case "ignore": message = .ignore
        case "busy": message = .busy
        case "cancel": message = .cancel
        case "connected":
            let session = try words.number(after: "session") ?? 1
            message.content = .connected(WireConnected.with { $0.session = session })
        case "reconnecting": message.reconnecting = WireReconnecting()
        case "hangup":
            let reason = words.isEmpty ? "" : try words.next()
            message.content = .hangup(WireHangup.with { $0.reason = reason })
        case "media_state":
            message.mediaState.audioMuted = words.take("audio_muted")
            message.mediaState.videoMuted = words.take("video_muted")
            message.mediaState.screen = words.take("screen")
        case "handover": message.handover.media = words.media()
        case "security":
            message.security.step = try words.next()
            message.security.value = try words.next()
            message.security.session = try words.number(after: "session") ?? 1
        case "info": message = .info(try words.next())
        case "selected": message.selected = WireSelected()
        case "ended": message.ended.reason = try words.next()
        case "of_a_later_version": break
        default: throw TraceError("no message is called \(kind)")
        }
        return message
    }

    /// What a delivery says.
    static func text(_ message: WireMessage, _ names: TraceNames) -> String {
        var words = [message.kind.split(separator: ":").first.map(String.init) ?? "?"]
        switch message.content {
        case .invite(let invite):
            words += [names.word(forUser: invite.callee)] + text(invite.media)
            if invite.ringTimeoutMs > 0 { words += ["rings", "\(Int(invite.ringTimeoutMs / 1000))"] }
        case .description_p(let description):
            words += [message.mark ?? "?"]
            if description.session != 1 { words += ["session", "\(description.session)"] }
            if description.revision != 1 { words += ["revision", "\(description.revision)"] }
        case .candidates(let candidates):
            words += [message.mark ?? "?"]
            if candidates.session != 1 { words += ["session", "\(candidates.session)"] }
        case .connected(let connected):
            if connected.session != 1 { words += ["session", "\(connected.session)"] }
        case .mediaState(let state):
            if state.audioMuted { words.append("audio_muted") }
            if state.videoMuted { words.append("video_muted") }
            if state.screen { words.append("screen") }
        case .handover(let handover):
            words += ["to", handover.device] + (handover.cancelled ? ["cancelled"] : text(handover.media))
        case .security(let security):
            words += [security.step, security.value]
            if security.session != 1 { words += ["session", "\(security.session)"] }
        case .info(let info): words.append(info.body)
        case .selected(let selected):
            words += ["\(names.word(forUser: selected.user))/\(selected.device)", "with", selected.callerDevice]
            words += text(selected.media)
            if selected.session != 0 { words += ["session", "\(selected.session)"] }
        case .glare(let glare):
            let winner = ConversationID(glare.winner).map(names.word(forCall:)) ?? "?"
            words += ["winner", winner, "of", names.word(forUser: glare.caller)] + text(glare.media)
        case .elsewhere(let elsewhere): words += ["on", elsewhere.device] + (elsewhere.active ? [] : ["over"])
        case .ended(let ended): words += [ended.reason] + (ended.detail.isEmpty ? [] : ["(\(ended.detail))"])
        default: break
        }
        return words.joined(separator: " ")
    }

    static func text(_ media: WireMedia) -> [String] {
        (media.audio ? ["audio"] : []) + (media.video ? ["video"] : [])
    }

    /// Words that are taken one after the other.
    private struct Words {
        private var left: ArraySlice<Substring>

        init(_ text: String) {
            left = text.split(separator: " ")[...]
        }

        var isEmpty: Bool { left.isEmpty }
        var rest: String { left.joined(separator: " ") }

        mutating func next() throws(TraceError) -> String {
            guard let word = left.popFirst() else { throw TraceError("a word is missing") }
            return String(word)
        }

        mutating func take(_ word: String) -> Bool {
            guard left.first == word[...] else { return false }
            left.removeFirst()
            return true
        }

        mutating func number(after word: String) throws(TraceError) -> UInt32? {
            guard take(word) else { return nil }
            let text = try next()
            guard let number = UInt32(text) else { throw TraceError("\(text) is no number") }
            return number
        }

        mutating func media() -> WireMedia {
            var media = WireMedia()
            media.audio = take("audio")
            media.video = take("video")
            return media
        }
    }
}
