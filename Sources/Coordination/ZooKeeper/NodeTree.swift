import SwitchboardCore
import SwitchboardProtocol

/// Where things are in ZooKeeper.
///
/// ```
/// <root>/nodes/<incarnation>             ephemeral: a registered node
/// <root>/nodes/<incarnation>.draining    ephemeral: a marker of that node
/// <root>/conversations/<2 hex>/<id>      persistent: names the leader's incarnation
/// ```
/// Markers stand beside their node, for an ephemeral has no children, and so that one watched list tells everything.
/// Conversations are spread over 256 buckets, for a list of children must fit into one packet.
struct NodeTree: Sendable {
    let root: String

    init(root: String) throws(CoordinationError) {
        let components = root.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        let isValid = root.isEmpty || root.hasPrefix("/") && components.allSatisfy { !["", ".", ".."].contains($0) }
        guard isValid else { throw .invalidRoot(root) }
        self.root = root
    }

    var nodes: String { "\(root)/nodes" }
    var conversations: String { "\(root)/conversations" }

    /// The persistent nodes above everything else, parents first.
    var trunk: [String] {
        var paths: [String] = []
        for name in root.split(separator: "/") { paths.append((paths.last ?? "") + "/\(name)") }
        return paths + [nodes, conversations]
    }

    /// The names of all buckets, `00` to `ff`.
    static let bucketNames = (0..<256).map { number in
        (number < 16 ? "0" : "") + String(number, radix: 16)
    }

    func bucket(named name: String) -> String { "\(conversations)/\(name)" }

    func bucket(of conversation: ConversationID) -> String { bucket(named: String(conversation.description.prefix(2))) }

    func path(of conversation: ConversationID) -> String { "\(bucket(of: conversation))/\(conversation)" }

    func path(ofChild name: String) -> String { "\(nodes)/\(name)" }

    func path(of incarnation: Incarnation) -> String { path(ofChild: incarnation.text) }

    func path(of marker: NodeMarker, beside incarnation: Incarnation) -> String {
        path(ofChild: Self.name(of: marker, beside: incarnation))
    }

    static func name(of marker: NodeMarker, beside incarnation: Incarnation) -> String {
        "\(incarnation).\(marker.rawValue)"
    }

    /// Whether an incarnation can be registered, and be told from a marker.
    static func canRegister(_ incarnation: Incarnation) -> Bool {
        let text = incarnation.text
        return !text.contains("/") && text != "." && text != ".." && marker(in: text) == nil
    }

    /// Takes a marker's name apart; `nil` if it is none.
    static func marker(in name: String) -> (node: String, marker: NodeMarker)? {
        for marker in NodeMarker.allCases where name.hasSuffix(".\(marker.rawValue)") {
            return (String(name.dropLast(marker.rawValue.count + 1)), marker)
        }
        return nil
    }
}
