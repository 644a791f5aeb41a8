import Foundation

/// The bound on open files of this process.
enum OpenFiles {
    /// Raises the soft limit as far as the hard one allows.
    ///
    /// - Throws: `BenchError.tooFewFiles` if that is not enough.
    static func ensure(_ count: Int) throws {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        if limit.rlim_cur < limit.rlim_max {
            limit.rlim_cur = limit.rlim_max
            _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            _ = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
        guard Int(clamping: limit.rlim_cur) >= count else {
            throw BenchError.tooFewFiles(needed: count, limit: Int(clamping: limit.rlim_cur))
        }
    }
}
