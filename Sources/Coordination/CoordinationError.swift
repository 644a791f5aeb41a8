public import SwitchboardProtocol

/// Why a coordinator cannot be made with this configuration.
public enum CoordinationError: Error, Hashable, Sendable {
    /// The incarnation cannot name a node below `/nodes`: it contains a slash, is `.` or `..`, or ends like a marker.
    case invalidIncarnation(Incarnation)
    /// The root is neither empty nor an absolute path without empty components.
    case invalidRoot(String)
    /// Two coordinators of one process wish to register the same incarnation.
    case alreadyRegistered(Incarnation)
}

extension CoordinationError: CustomStringConvertible {
    /// What is wrong, and what to do about it.
    public var description: String {
        switch self {
        case .invalidIncarnation(let incarnation):
            "the incarnation \(incarnation) cannot be registered; use letters, digits, dots and dashes"
        case .invalidRoot(let root):
            "\(root.debugDescription) is no root path; write it like /switchboard, or leave it empty"
        case .alreadyRegistered(let incarnation):
            "\(incarnation) is registered already; an incarnation names one start of one process"
        }
    }
}
