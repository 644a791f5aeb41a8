/// What to run, as whom, and for how long.
public struct LaunchCommand: Sendable {
    /// What becomes of the process when the one that started it ends.
    public enum Lifetime: Sendable {
        /// The kernel kills it together with us, however we end. For tests and benchmarks: no run leaves a server behind.
        case boundToParent
        /// It goes on in a session of its own. For clusters that outlive the command that started them.
        case detached
    }

    /// Absolute path of the program, or a name to look up in `PATH`.
    public var program: String
    /// Arguments, without the program's name.
    public var arguments: [String]
    /// Variables set on top of the environment of this process.
    public var environment: [String: String]
    /// File that receives standard output and standard error; it is appended to, and made with its directory if missing.
    public var logFile: String
    /// User to run as; only root can ask for another one than itself. `nil` keeps the user.
    public var user: String?
    /// What becomes of the process when we end.
    public var lifetime: Lifetime
    /// File that receives the identity of the process as soon as it runs; see ``ManagedProcess/adopt(pidFile:name:logFile:)``.
    public var pidFile: String?

    /// Describes a process to start.
    public init(
        _ program: String,
        _ arguments: [String] = [],
        environment: [String: String] = [:],
        logFile: String,
        user: String? = nil,
        lifetime: Lifetime = .boundToParent,
        pidFile: String? = nil
    ) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.logFile = logFile
        self.user = user
        self.lifetime = lifetime
        self.pidFile = pidFile
    }

    /// The argument vector that is really executed: `setpriv` (util-linux) changes the user and asks the kernel for the
    /// parent-death signal, then replaces itself by the program, so the process id stays the same.
    var argumentVector: [String] {
        var options: [String] = []
        if let user {
            options += ["--reuid=\(user)", "--regid=\(user)", "--init-groups"]
        }
        if lifetime == .boundToParent {
            options += ["--pdeathsig", "KILL"]
        }
        guard !options.isEmpty else { return [program] + arguments }
        return ["setpriv"] + options + ["--", program] + arguments
    }
}
