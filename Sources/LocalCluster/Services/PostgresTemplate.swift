import Foundation

/// A freshly initialised data directory, made once in a process and copied for each server: `initdb` takes seconds.
actor PostgresTemplate {
    static let shared = PostgresTemplate()

    private var making: [String: Task<TemporaryDirectory, any Error>] = [:]

    /// Copies the template into `directory`, which must not exist; its owner is the user that PostgreSQL runs as.
    func copy(to directory: String, database: String, installation: PostgresInstallation) async throws {
        let task = making[database] ?? Task { try await Self.make(database: database, installation: installation) }
        making[database] = task
        let template = try await task.value
        let log = "\((directory as NSString).deletingLastPathComponent)/copy.log"
        // `cp -a` keeps owner and modes, which PostgreSQL insists on.
        let copy = LaunchCommand("cp", ["-a", template.file("data"), directory], logFile: log)
        let exit = try await ManagedProcess.start(copy).waitForExit(within: .seconds(60))
        guard exit == .code(0) else {
            throw LocalClusterError.file(path: directory, reason: LogFile.tail(of: log, lines: 5))
        }
        try Files.remove(log)
    }

    private static func make(database: String, installation: PostgresInstallation) async throws -> TemporaryDirectory {
        let home = try TemporaryDirectory(label: "pg-template")
        let data = home.file("data")
        let log = home.file("initdb.log")
        try Files.makeDirectory(data, owner: installation.user)
        try await installation.run(
            "initdb",
            ["--pgdata", data, "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"],
            logFile: log)
        let script = home.file("setup.sql")
        try Template(named: "postgres.sql").render(["DATABASE": database], to: script)
        // A server in single-user mode reads SQL from its standard input.
        let shell = "'\(installation.program("postgres"))' --single -D '\(data)' template1 < '\(script)'"
        let command = LaunchCommand("sh", ["-c", shell], logFile: log, user: installation.user)
        let exit = try await ManagedProcess.start(command).waitForExit(within: .seconds(60))
        guard exit == .code(0), !LogFile.tail(of: log, lines: 200).contains("ERROR:") else {
            throw LocalClusterError.failed("cannot set up PostgreSQL\n\(LogFile.tail(of: log, lines: 20))")
        }
        return home
    }
}
