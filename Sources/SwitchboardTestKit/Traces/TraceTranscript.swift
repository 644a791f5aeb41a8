import SwiftProtobuf
public import SwitchboardClient
public import SwitchboardCore
public import SwitchboardProtocol

/// What devices were told during one step, as the lines of a trace: devices in the order in which they joined; of each the
/// calls in the order of their names, what was told before `synchronized` before it.
///
/// Left out is what depends on timing: temporary errors, which sessions settle by themselves; all but the last of several
/// acceptances; and whether `synchronized` came before or after what the device's own sends of the same step have led to.
public struct TraceTranscript {
    public var names: TraceNames
    private var devices: [DeviceAddress] = []
    private var told: [DeviceAddress: [SessionEvent]] = [:]

    public init(names: TraceNames) {
        self.names = names
    }

    /// A device of the story, under the name that it has there.
    public mutating func add(_ device: DeviceAddress) {
        guard !devices.contains(device) else { return }
        devices.append(device)
    }

    /// Forgets what was told in the step before.
    public mutating func begin() {
        told = [:]
    }

    public mutating func note(_ event: SessionEvent, to device: DeviceAddress) {
        told[device, default: []].append(event)
    }

    public var lines: [String] {
        devices.flatMap { device in lines(device, told[device] ?? []) }
    }

    /// A push that went out.
    public func line(_ push: ClaimedPush) -> String {
        let what =
            switch push.kind {
            case .invite(let caller, let media):
                (["invite from", names.word(forUser: caller.text)] + TraceMessage.text(WireMedia(media)))
                    .joined(separator: " ")
            case .cancel(let reason): "cancel \(reason.rawValue)"
            }
        return "push to \(push.endpoint.id.text) ← \(names.word(forCall: push.conversation)): \(what)"
    }

    private func lines(_ device: DeviceAddress, _ events: [SessionEvent]) -> [String] {
        var events = events
        if events.contains(where: { if case .accepted = $0 { true } else { false } }) {
            let isLast = { (event: SessionEvent) in if case .synchronized = event { true } else { false } }
            events = events.filter { !isLast($0) } + events.filter(isLast)
        }
        var lines: [String] = []
        var since = 0
        for (place, event) in events.enumerated() {
            switch event {
            case .synchronized(let missing):
                lines += callLines(device, events[since..<place])
                let words = missing.map(names.word(forCall:)).joined(separator: ", ")
                let rest = words.isEmpty ? "" : " without \(words)"
                lines.append("\(device) ← synchronized\(rest)")
            case .ended(let end) where end != .stopped:
                lines += callLines(device, events[since..<place])
                lines.append("\(device) ← session over: \(Self.text(end))")
            default: continue
            }
            since = place + 1
        }
        return lines + callLines(device, events[since...])
    }

    private func callLines(_ device: DeviceAddress, _ events: ArraySlice<SessionEvent>) -> [String] {
        names.calls.compactMap { call, word in
            let items = items(call, events)
            return items.isEmpty ? nil : "\(device) ← \(word): \(items.joined(separator: "; "))"
        }
    }

    /// Deliveries and snapshots as they came, then refusals, then how far sends are accepted.
    private func items(_ call: ConversationID, _ events: ArraySlice<SessionEvent>) -> [String] {
        var items: [String] = []
        var refusals: [(number: UInt32, text: String)] = []
        var accepted: UInt32?
        for event in events {
            switch event {
            case .delivered(call, let delivery): items.append(text(delivery))
            case .snapshot(call, let snapshot): items.append(text(snapshot))
            case .refused(call, let number, let error, _):
                // Said again if it was said on a connection that broke before the acceptance.
                guard !refusals.contains(where: { $0.number == number }) else { continue }
                refusals.append((number, "refused \(number) \(error.name)"))
            case .accepted(call, let through): accepted = through
            case .dropped(call, _, let error): items.append(error.name)
            default: continue
            }
        }
        items += refusals.sorted { $0.number < $1.number }.map(\.text)
        if let accepted { items.append("accepted \(accepted)") }
        return items
    }

    private func text(_ delivery: WireDeliver) -> String {
        var text = "\(delivery.number) \(TraceMessage.text(delivery.message, names))"
        if !delivery.user.isEmpty {
            text += " from \(names.word(forUser: delivery.user))"
            if !delivery.device.isEmpty { text += "/\(delivery.device)" }
        }
        return text
    }

    private func text(_ snapshot: WireSnapshot) -> String {
        var parts = ["snapshot \(snapshot.state) to \(snapshot.role)"]
        let device = { (name: String) in name.isEmpty ? "" : "/\(name)" }
        let callee = snapshot.callee.isEmpty ? "nobody" : names.word(forUser: snapshot.callee)
        let who = [
            "\(names.word(forUser: snapshot.caller))\(device(snapshot.callerDevice))", "calls",
            callee + device(snapshot.calleeDevice),
        ]
        parts.append((who + TraceMessage.text(snapshot.media)).joined(separator: " "))
        if !snapshot.leg.isEmpty { parts.append("leg \(snapshot.leg)") }
        if !snapshot.reason.isEmpty { parts.append("reason \(snapshot.reason)") }
        if !snapshot.activeDevice.isEmpty { parts.append("active on \(snapshot.activeDevice)") }
        if snapshot.hasSelected {
            parts.append(TraceMessage.text(.with { $0.selected = snapshot.selected }, names))
        }
        if snapshot.session > 0 { parts.append("session \(snapshot.session)") }
        parts.append("next is \(snapshot.nextNumber)")
        return parts.joined(separator: ", ")
    }

    private static func text(_ end: SessionEnd) -> String {
        switch end {
        case .stopped: "stopped"
        case .refused(let code, let error): error?.name ?? "closed with \(code)"
        case .superseded: "superseded"
        case .storageFailed: "its storage failed"
        }
    }
}

extension WireMedia {
    fileprivate init(_ media: PairMedia) {
        self.init()
        (audio, video) = (media.audio, media.video)
    }
}
