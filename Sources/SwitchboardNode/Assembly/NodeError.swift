/// Why a node could not start, and what to do.
public enum NodeError: Error, Sendable, CustomStringConvertible {
    case store(String)
    case coordinator(String)

    public var description: String {
        switch self {
        case .store(let reason): "the store cannot be used: \(reason)"
        case .coordinator(let reason): "the coordinator cannot be used: \(reason)"
        }
    }
}
