import Synchronization

/// Which build a node runs when it is started next, and with which variables.
final class NodeProgram: Sendable {
    private let choice: Mutex<(binary: String, environment: [String: String])>

    init(_ binary: String, environment: [String: String]) {
        choice = Mutex((binary, environment))
    }

    /// Path of the program `switchboard`, and what is set on top of the environment.
    var current: (binary: String, environment: [String: String]) { choice.withLock { $0 } }

    func replace(by binary: String, environment: [String: String]) {
        choice.withLock { $0 = (binary, environment) }
    }
}
