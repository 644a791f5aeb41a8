import Foundation

/// PostgreSQL as a ``Service``.
struct PostgresService: Service {
    let directory: String
    let port: Int
    let options: PostgresOptions
    let installation: PostgresInstallation

    var name: String { "postgres" }
    var ports: [Int] { [port] }
    var lifetime: LaunchCommand.Lifetime { options.lifetime }
    /// "Fast" shutdown: open transactions are rolled back.
    var stopSignal: Int32 { SIGINT }
    var stopPatience: Duration { .seconds(20) }

    func prepare() async throws -> LaunchCommand {
        let data = "\(directory)/data"
        try Files.makeDirectory(directory)
        try checkAccess()
        if !FileManager.default.fileExists(atPath: "\(data)/PG_VERSION") {
            // Copied beside and renamed: an interrupted copy is never taken for a database.
            let partial = "\(data).new"
            try Files.remove(partial)
            try await PostgresTemplate.shared.copy(to: partial, database: options.database, installation: installation)
            try Files.move(partial, to: data)
        }
        let sockets = "\(directory)/socket"
        try Files.makeDirectory(sockets, owner: installation.user)
        let config = "\(directory)/postgresql.conf"
        try Template(named: "postgresql.conf").render(
            [
                "PORT": String(port),
                "LISTEN_ADDRESSES": "127.0.0.1",
                "SOCKET_DIRECTORY": Self.fitsSocket(sockets) ? sockets : "",
                "FSYNC": options.fsync ? "on" : "off",
            ],
            to: config)
        // A lock file left by a killed server names a process id that may be somebody else's by now.
        try Files.remove("\(data)/postmaster.pid")
        var arguments = ["-D", data, "-c", "config_file=\(config)", "-c", "hba_file=\(data)/pg_hba.conf"]
        for (name, value) in options.settings.sorted(by: { $0.key < $1.key }) {
            arguments += ["-c", "\(name)=\(value)"]
        }
        return LaunchCommand(
            installation.program("postgres"), arguments, logFile: logFile, user: installation.user)
    }

    func isReady() async -> Bool {
        let check = LaunchCommand(
            installation.program("pg_isready"),
            [
                "--quiet", "--host=127.0.0.1", "--port=\(port)", "--username=\(options.database)",
                "--dbname=\(options.database)", "--timeout=2",
            ],
            logFile: "\(directory)/pg_isready.log")
        guard let process = try? await ManagedProcess.start(check) else { return false }
        return (try? await process.waitForExit(within: .seconds(10))) == .code(0)
    }

    /// PostgreSQL's user must be able to pass through all directories above its own.
    private func checkAccess() throws {
        guard let user = installation.user, let closed = StatePath.closedDirectory(above: directory) else { return }
        let advice = "keep the state elsewhere, for example with SWITCHBOARD_STATE=/var/tmp/switchboard-cluster"
        throw LocalClusterError.file(path: closed, reason: "closed to the user \(user); \(advice)")
    }

    private static func fitsSocket(_ directory: String) -> Bool {
        // sun_path has 108 bytes; the name in it is .s.PGSQL.PORT.lock at the longest.
        directory.utf8.count + "/.s.PGSQL.65535.lock".utf8.count < 108
    }
}
