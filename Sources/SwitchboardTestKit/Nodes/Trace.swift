import SwitchboardCore
import SwitchboardProtocol

/// What the nodes of a simulation saw and did: a short text of the last steps, to read after a failure, and a digest of all of
/// them, to tell whether two runs were the same.
public final class Trace {
    public private(set) var digest: UInt64 = 0xcbf2_9ce4_8422_2325
    public private(set) var lines: [String] = []
    /// Lines are kept only if somebody wants to read them.
    public var isRecording = false
    private let limit = 200_000

    init() {}

    func note(_ node: Incarnation, _ events: [NodeEvent], at now: Duration) {
        guard isRecording else { return }
        for event in events {
            if case .ticked = event { continue }
            add("\(Self.stamp(now)) \(node) ← \(Self.text(event))")
        }
    }

    func note(_ node: Incarnation, _ actions: [NodeAction], at now: Duration) {
        mix(UInt64(actions.count))
        mix(UInt64(truncatingIfNeeded: now.components.attoseconds / 1_000_000_000))
        guard isRecording else { return }
        for action in actions {
            add("\(Self.stamp(now)) \(node) → \(Self.text(action))")
        }
    }

    func note(_ text: String, at now: Duration) {
        guard isRecording else { return }
        add("\(Self.stamp(now)) \(text)")
    }

    private func add(_ line: String) {
        guard lines.count < limit else { return }
        lines.append(line)
    }

    private func mix(_ value: UInt64) {
        digest = (digest ^ value) &* 0x100_0000_01b3
    }

    private static func stamp(_ now: Duration) -> String {
        let microseconds = now.components.seconds * 1_000_000 + now.components.attoseconds / 1_000_000_000_000
        return "\(microseconds / 1000).\(microseconds % 1000)ms"
    }

    private static func text(_ event: NodeEvent) -> String { short("\(event)") }
    private static func text(_ action: NodeAction) -> String {
        if case .log(let line) = action {
            return "log \(line.level) \(line.message) \(line.conversation?.description ?? "")"
        }
        return short("\(action)")
    }

    private static func short(_ text: String) -> String {
        var text = text.split(whereSeparator: \.isNewline).map { $0.trimmingPrefix(while: \.isWhitespace) }
            .joined(separator: " ")
        for noise in ["SwitchboardProtocol.", "SwitchboardCore.", "SwitchboardProtocol.Identifier<"] {
            text = text.split(separator: noise).joined()
        }
        return String(text.prefix(2000))
    }
}
