/// What can go wrong while services are started or stopped. Each says what to do about it.
public enum LocalClusterError: Error, Equatable, CustomStringConvertible {
    /// A program that a service needs is not installed.
    case missingProgram(name: String, package: String)
    /// A process could not be started, or ended while it was being started.
    case cannotStart(program: String, reason: String)
    /// Something did not become true in time.
    case timedOut(waitingFor: String, after: Duration, detail: String)
    /// No free port was found in the range that we use.
    case noFreePort(tried: Int)
    /// Something that we did not start listens on the port that a service needs.
    case portTaken(port: Int, neededBy: String)
    /// A template names a value that nobody gives, or is given one that it does not name.
    case badTemplate(file: String, reason: String)
    /// A file or directory could not be made, read or written.
    case file(path: String, reason: String)
    /// The name of a part that the cluster does not have.
    case unknownPart(name: String, known: [String])
    /// A part that does not run, though it must for what was asked.
    case notRunning(String)
    /// Something else, told in words.
    case failed(String)

    public var description: String {
        switch self {
        case .missingProgram(let name, let package):
            "\(name) is not installed; on Debian: apt-get install \(package) (Scripts/install does it)"
        case .cannotStart(let program, let reason):
            "cannot start \(program): \(reason)"
        case .timedOut(let condition, let limit, let detail):
            "waited \(limit) in vain until \(condition)" + (detail.isEmpty ? "" : "\n\(detail)")
        case .noFreePort(let tried):
            "no free port on 127.0.0.1 after \(tried) tries; end servers that are no longer needed"
        case .portTaken(let port, let service):
            "port \(port), which \(service) needs, is taken by another program; end it, or choose other ports"
        case .badTemplate(let file, let reason):
            "\(file): \(reason)"
        case .file(let path, let reason):
            "\(path): \(reason)"
        case .unknownPart(let name, let known):
            "there is no \(name) in this cluster; it has \(known.joined(separator: ", "))"
        case .notRunning(let name):
            "\(name) does not run; start it with: restart \(name)"
        case .failed(let text):
            text
        }
    }
}
