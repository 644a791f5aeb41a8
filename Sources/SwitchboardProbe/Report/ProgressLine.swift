import Foundation

/// Says on stderr how far a run is, while it runs: over itself on a terminal, now and then elsewhere.
package struct ProgressLine: Sendable {
    private let isTerminal = isatty(FileHandle.standardError.fileDescriptor) == 1

    package init() {}

    /// Runs an operation, and says every now and then what `line` gives.
    package func during<Result: Sendable>(
        _ operation: @escaping @Sendable () async throws -> Result, line: @escaping @Sendable () -> String
    ) async throws -> Result {
        let isTerminal = isTerminal
        let printer = Task {
            while !Task.isCancelled {
                try await Task.sleep(for: isTerminal ? .milliseconds(250) : .seconds(2))
                Self.write(isTerminal ? "\r\u{1B}[K" + line() : line() + "\n")
            }
        }
        defer {
            printer.cancel()
            Self.write(isTerminal ? "\r\u{1B}[K" + line() + "\n" : line() + "\n")
        }
        return try await operation()
    }

    package func say(_ line: String) {
        Self.write(line + "\n")
    }

    private static func write(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}
