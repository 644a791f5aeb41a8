import Foundation

/// The PostgreSQL programs on this machine, and the user that they run as.
struct PostgresInstallation: Sendable {
    /// Directory with `initdb` and `postgres`.
    let binaries: String
    /// `postgres` if we are root, for PostgreSQL refuses to run as root; `nil` to run as ourselves.
    let user: String?

    /// Finds the newest version that Debian's packages, or `PATH`, offer.
    static func find() throws -> PostgresInstallation {
        let base = "/usr/lib/postgresql"
        let versions = ((try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []).compactMap { Int($0) }
        let directories = versions.sorted(by: >).map { "\(base)/\($0)/bin" }
        let initdb = try Programs.find("initdb", package: "postgresql-15", in: directories)
        return PostgresInstallation(
            binaries: (initdb as NSString).deletingLastPathComponent,
            user: geteuid() == 0 ? "postgres" : nil)
    }

    func program(_ name: String) -> String { "\(binaries)/\(name)" }

    /// Runs one of the programs to its end.
    func run(_ name: String, _ arguments: [String], logFile: String) async throws {
        let command = LaunchCommand(program(name), arguments, logFile: logFile, user: user)
        let process = try await ManagedProcess.start(command)
        let exit = try await process.waitForExit(within: .seconds(120))
        guard exit == .code(0) else {
            throw LocalClusterError.failed("\(name) failed (\(exit))\n\(process.logTail())")
        }
    }
}
