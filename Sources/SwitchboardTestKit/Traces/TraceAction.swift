public import SwitchboardProtocol

/// What happens in one step of a trace. Nodes are called by their names, calls by words.
public enum TraceAction: Sendable, Equatable {
    /// `alice/phone joins at n1`: a device connects for the first time. `asking for first`: it was woken for that call and
    /// knows no more than its name.
    case joins(DeviceAddress, at: String, askingFor: String?)
    /// `alice/phone → first: invite bob audio; offer A`: messages in one go, or into the outbox of a device that is away.
    case sends(DeviceAddress, call: String, [String])
    /// `alice/phone loses its connection`: both ends notice at once.
    case losesConnection(DeviceAddress)
    /// `alice/phone goes silent`: nothing passes any more, and neither end has noticed.
    case goesSilent(DeviceAddress)
    /// `alice/phone comes back at n2`: with all that it had in memory.
    case comesBack(DeviceAddress, at: String)
    /// `alice/phone starts anew at n2`: with its stored outbox; `without its outbox`: with its name only.
    case startsAnew(DeviceAddress, at: String, keepsOutbox: Bool)
    /// `n1 dies`: `kill -9`.
    case dies(String)
    /// `n1 starts`.
    case starts(String)
    /// `n1 leaves, its devices go to n2`: in order.
    case leaves(String, devicesGoTo: String)
    /// `the ring deadline passes`.
    case deadlinePasses(TraceDeadline)
    /// `90 s pass`, `15 min pass`.
    case timePasses(Duration)
    /// `the policy refuses calls to bob`, `the policy silences calls to bob`.
    case policy(String, callee: String)
    /// `bob can be woken at e1`: a push endpoint of the user.
    case endpoint(String, of: String)
    /// `the provider of e1 refuses`; `is silent`: it answers nothing for now; `takes` what it gets, as is the rule.
    case provider(String, ProviderMood)
    /// `the cluster writes at level 1`.
    case featureLevel(UInt32)

    public enum ProviderMood: String, Sendable {
        case takes, refuses
        case isSilent = "is silent"
    }

    /// - Throws: `TraceError` if the line is none of these.
    init(_ text: String) throws(TraceError) {
        if let arrow = text.firstRange(of: " → ") {
            let rest = text[arrow.upperBound...]
            guard let colon = rest.firstRange(of: ": "), let device = Self.device(text[..<arrow.lowerBound]) else {
                throw TraceError("sends are written: user/device → call: message; message")
            }
            let messages = rest[colon.upperBound...].split(separator: "; ").map(String.init)
            self = .sends(device, call: String(rest[..<colon.lowerBound]), messages)
            return
        }
        let words = text.split(separator: " ").map(String.init)
        guard let action = Self.deviceAction(words) ?? Self.otherAction(words) else {
            throw TraceError("not a step: \(text)")
        }
        self = action
    }

    private static func deviceAction(_ words: [String]) -> TraceAction? {
        guard let first = words.first, let device = device(first) else { return nil }
        switch Array(words.dropFirst()) {
        case let rest where rest.count == 3 && rest.starts(with: ["joins", "at"]):
            return .joins(device, at: rest[2], askingFor: nil)
        case let rest where rest.count == 6 && rest.starts(with: ["joins", "at"]) && rest[3...4] == ["asking", "for"]:
            return .joins(device, at: rest[2], askingFor: rest[5])
        case ["loses", "its", "connection"]: return .losesConnection(device)
        case ["goes", "silent"]: return .goesSilent(device)
        case let rest where rest.count == 4 && rest.starts(with: ["comes", "back", "at"]):
            return .comesBack(device, at: rest[3])
        case let rest where rest.count == 4 && rest.starts(with: ["starts", "anew", "at"]):
            return .startsAnew(device, at: rest[3], keepsOutbox: true)
        case let rest
        where rest.count == 7 && rest.starts(with: ["starts", "anew", "at"])
            && rest[4...] == ["without", "its", "outbox"]:
            return .startsAnew(device, at: rest[3], keepsOutbox: false)
        default: return nil
        }
    }

    private static func otherAction(_ words: [String]) -> TraceAction? {
        if words.count == 2, words[1] == "dies" { return .dies(words[0]) }
        if words.count == 2, words[1] == "starts" { return .starts(words[0]) }
        if words.count == 7, words[1...5] == ["leaves,", "its", "devices", "go", "to"] {
            return .leaves(words[0], devicesGoTo: words[6])
        }
        if words.count == 4, words[0] == "the", words[2...] == ["deadline", "passes"] {
            return TraceDeadline(rawValue: words[1]).map { .deadlinePasses($0) }
        }
        if words.count == 3, words[2] == "pass", let number = Int(words[0]) {
            switch words[1] {
            case "s": return .timePasses(.seconds(number))
            case "min": return .timePasses(.seconds(60 * number))
            default: return nil
            }
        }
        return surroundings(words)
    }

    private static func surroundings(_ words: [String]) -> TraceAction? {
        if words.count == 6, words[0...1] == ["the", "policy"], words[3...4] == ["calls", "to"],
            ["refuses", "silences"].contains(words[2])
        {
            return .policy(words[2], callee: words[5])
        }
        if words.count == 6, words[1...4] == ["can", "be", "woken", "at"] { return .endpoint(words[5], of: words[0]) }
        if words.count > 4, words[0...2] == ["the", "provider", "of"] {
            return ProviderMood(rawValue: words[4...].joined(separator: " ")).map { .provider(words[3], $0) }
        }
        if words.count == 6, words[0...4] == ["the", "cluster", "writes", "at", "level"] {
            return UInt32(words[5]).map { .featureLevel($0) }
        }
        return nil
    }

    private static func device(_ text: some StringProtocol) -> DeviceAddress? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let user = UserID(String(parts[0])), let device = DeviceID(String(parts[1])) else {
            return nil
        }
        return DeviceAddress(user: user, device: device)
    }

    /// The device that it is about, if it is about one.
    public var device: DeviceAddress? {
        switch self {
        case .joins(let device, _, _), .sends(let device, _, _), .losesConnection(let device), .goesSilent(let device),
            .comesBack(let device, _), .startsAnew(let device, _, _):
            device
        default: nil
        }
    }
}

/// The time limits of a call, as configuration names them.
public enum TraceDeadline: String, Sendable, CaseIterable {
    case ring
    case connect
    case reach
    case callerLost = "caller_lost"
    case signalLost = "signal_lost"
    case handover
}
