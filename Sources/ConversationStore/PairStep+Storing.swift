import SwitchboardCore
import SwitchboardProtocol

/// Pair steps as the stores write them.
extension PairStep {
    /// What the step is called in statements.
    var storedName: String {
        switch self {
        case .take: "take"
        case .replace: "replace"
        case .accept: "accept"
        case .release: "release"
        }
    }

    /// The call that the row may be taken from.
    var replaced: ConversationID? {
        if case .replace(_, let replaced, _) = self { replaced } else { nil }
    }

    /// What the call asks for, if the step takes the row.
    var media: PairMedia? {
        switch self {
        case .take(_, let media), .replace(_, _, let media): media
        case .accept, .release: nil
        }
    }
}

extension PairKey {
    /// By bytes: an order that all nodes share, whatever their release knows of Unicode.
    func precedesInStore(_ other: PairKey) -> Bool {
        low.text.utf8.elementsEqual(other.low.text.utf8)
            ? high.text.utf8.lexicographicallyPrecedes(other.high.text.utf8)
            : low.text.utf8.lexicographicallyPrecedes(other.low.text.utf8)
    }
}

extension EndReason {
    /// Reads a stored reason; one that only a later release knows means what is left when nothing better is known.
    init(stored text: String) {
        self = EndReason(rawValue: text) ?? .replaced
    }
}
