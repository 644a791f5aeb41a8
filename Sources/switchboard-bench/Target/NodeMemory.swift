import Foundation

/// Resident memory of processes, from /proc (see proc(5)).
enum NodeMemory {
    /// The sum of `VmRSS`, in bytes.
    ///
    /// - Throws: `BenchError.noProcess` for a process that does not run.
    static func resident(_ pids: [Int32]) throws -> Int {
        try pids.reduce(0) { sum, pid in
            guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/status"),
                let line = String(decoding: data, as: UTF8.self).split(separator: "\n").first(where: {
                    $0.hasPrefix("VmRSS:")
                }),
                let kibibytes = line.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Int($0) })
            else { throw BenchError.noProcess(pid) }
            return sum + kibibytes * 1024
        }
    }
}
