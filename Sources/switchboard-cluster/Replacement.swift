import Foundation
import LocalCluster

/// Replaces this process by another program, which then has our terminal, our signals and our exit code.
///
/// - Throws: ``LocalClusterError/cannotStart(program:reason:)``; it does not return otherwise.
func becomeProgram(_ program: String, _ arguments: [String]) throws -> Never {
    var vector: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
    defer {
        for text in vector { free(text) }
    }
    execvp(program, &vector)
    throw LocalClusterError.cannotStart(program: program, reason: String(cString: strerror(errno)))
}
