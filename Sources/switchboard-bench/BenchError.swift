/// What keeps a benchmark from giving a figure.
enum BenchError: Error, CustomStringConvertible {
    case noProcess(Int32)
    case noProcesses
    case tooFewFiles(needed: Int, limit: Int)
    case streamFailed(String)
    case incomplete(String)
    case callsFailed(Int)
    case pgbench(String)

    var description: String {
        switch self {
        case .noProcess(let pid): "Process \(pid) does not run, or is not ours to look at."
        case .noProcesses: "Say which processes are the nodes: --pid, once for each."
        case .tooFewFiles(let needed, let limit):
            "\(needed) open files are needed, \(limit) are allowed; raise the limit (ulimit -n)."
        case .streamFailed(let reason): "A call broke under load: \(reason)"
        case .incomplete(let reason): "Messages are missing: \(reason)"
        case .callsFailed(let count): "\(count) calls failed; a figure of a cluster that fails means nothing."
        case .pgbench(let reason): "pgbench: \(reason)"
        }
    }
}
