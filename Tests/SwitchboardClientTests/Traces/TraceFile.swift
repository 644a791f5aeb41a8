import Foundation
import SwiftProtobuf
import SwitchboardProtocol

/// One file of Tests/Traces/session: its README says what the words mean.
struct TraceFile {
    struct Settings {
        var maximumWaiting: Int?
    }

    enum Input {
        case start, stop, restart, network, iceServers, failed
        case opened(token: String)
        case token(String)
        case closed(code: UInt16)
        case frame(WireServerFrame)
        case send(ConversationID, WireMessage)
    }

    /// What the world sees of a session.
    enum Output: Equatable {
        case open(connection: Int)
        case close, lost, stopped
        case frame(WireClientFrame)
        case welcomed(String)
        case synchronized([String])
        case accepted(String, Int)
        case refused(String, Int, String)
        case dropped(String)
        case delivered(String, Int)
        case snapshot(String, String)
        case iceServers([String])
        case error(String)
        case notTaken(String)
    }

    struct Event: Equatable {
        let at: Double
        let output: Output
    }

    struct Step {
        let at: Double
        let input: Input?
        let expected: [Output]
    }

    let settings: Settings
    let steps: [Step]

    var expected: [Event] { steps.flatMap { step in step.expected.map { Event(at: step.at, output: $0) } } }

    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Traces/session")

    static func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".json") }.sorted()
    }

    static func load(_ name: String) throws -> TraceFile {
        var text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
        for letter in "ABCDEF" {
            text.replace("$\(letter)", with: "00000000-0000-4000-8000-00000000000\(letter.lowercased())")
        }
        return try TraceFile(JSON(JSONSerialization.jsonObject(with: Data(text.utf8))))
    }

    private init(_ json: JSON) throws {
        settings = Settings(maximumWaiting: json["settings"]?["maximumWaiting"]?.number.map { Int($0) })
        steps = try json["steps", or: "no steps"].elements.map { step in
            Step(
                at: try step["at", or: "no time"].number ?? 0, input: try step["do"].map(Self.input),
                expected: try step["expect", or: "no expectation"].elements.map(Self.output))
        }
    }

    private static func input(_ json: JSON) throws -> Input {
        let (kind, value) = try json.choice
        switch kind {
        case "start": return .start
        case "stop": return .stop
        case "restart": return .restart
        case "network": return .network
        case "iceServers": return .iceServers
        case "failed": return .failed
        case "opened": return .opened(token: value.text ?? "")
        case "token": return .token(value.text ?? "")
        case "closed": return .closed(code: UInt16(value.number ?? 0))
        case "frame": return .frame(try value.message())
        case "send":
            let id = ConversationID(value["conversation"]?.text ?? "")
            guard let id else { throw TraceError(text: "a send without a conversation") }
            return .send(id, try value["message", or: "a send without a message"].message())
        default: throw TraceError(text: "there is no input \(kind)")
        }
    }

    private static func output(_ json: JSON) throws -> Output {
        let (kind, value) = try json.choice
        let conversation = value["conversation"]?.text ?? ""
        let number = Int(value["number"]?.number ?? 0)
        switch kind {
        case "open": return .open(connection: Int(value.number ?? 0))
        case "close": return .close
        case "lost": return .lost
        case "stopped": return .stopped
        case "frame": return .frame(try value.message())
        case "welcomed": return .welcomed(value.text ?? "")
        case "synchronized": return .synchronized(value.elements.compactMap(\.text))
        case "accepted": return .accepted(conversation, number)
        case "refused": return .refused(conversation, number, value["name"]?.text ?? "")
        case "dropped": return .dropped(value.text ?? "")
        case "delivered": return .delivered(conversation, number)
        case "snapshot": return .snapshot(conversation, value["state"]?.text ?? "")
        case "iceServers": return .iceServers(value.elements.compactMap(\.text))
        case "error": return .error(value.text ?? "")
        case "notTaken": return .notTaken(value.text ?? "")
        default: throw TraceError(text: "there is no output \(kind)")
        }
    }
}

struct TraceError: Error {
    let text: String
}

/// JSON whose shape a test knows.
struct JSON {
    private let value: Any

    init(_ value: Any) {
        self.value = value
    }

    var text: String? { value as? String }
    var number: Double? { (value as? NSNumber)?.doubleValue }
    var elements: [JSON] { (value as? [Any] ?? []).map(JSON.init) }

    subscript(_ key: String) -> JSON? { (value as? [String: Any])?[key].map(JSON.init) }

    subscript(_ key: String, or trouble: String) -> JSON {
        get throws {
            guard let found = self[key] else { throw TraceError(text: trouble) }
            return found
        }
    }

    /// A word, or an object with one key.
    var choice: (String, JSON) {
        get throws {
            if let text { return (text, self) }
            guard let object = value as? [String: Any], object.count == 1, let (kind, value) = object.first else {
                throw TraceError(text: "one key was expected")
            }
            return (kind, JSON(value))
        }
    }

    func message<Message: SwiftProtobuf.Message>() throws -> Message {
        try Message(jsonUTF8Bytes: Array(JSONSerialization.data(withJSONObject: value)))
    }
}
