import Foundation
import LocalCluster
import Testing

@Suite("Docker/render")
struct RenderScriptTests {
    private let home: TemporaryDirectory

    init() throws { home = try TemporaryDirectory() }

    private func render(_ template: String, _ environment: [String: String]) async throws -> (
        ManagedProcess.Exit, String
    ) {
        let output = home.file("made/file")
        let command = LaunchCommand(
            ProjectLayout.path("Docker/render"), [template, output, "--", "cat", output], environment: environment,
            logFile: home.file("log-\(UUID().uuidString)"))
        let process = try await ManagedProcess.start(command)
        let exit = try await process.waitForExit(within: .seconds(10))
        return (exit, process.logTail(lines: 1_000))
    }

    @Test(
        "It renders as Sources/LocalCluster does",
        arguments: ["zoo.cfg", "haproxy.cfg", "postgresql.conf", "postgres.sql", "node.json"])
    func sameResult(file: String) async throws {
        let template = try Template(named: file)
        #expect(!template.names.isEmpty)
        var values: [String: String] = [:]
        for name in template.names { values[name] = "<\(name)> & \\1 ${\(name)}\n  second line" }
        let (exit, text) = try await render(template.file, values)
        #expect(exit == .code(0))
        let expected = try template.render(values)
        #expect(text + "\n" == expected)
    }

    @Test("A value that nobody gives ends it with that name")
    func missingValue() async throws {
        let file = home.file("template")
        try "a ${SURELY_NOT_SET}\n".write(toFile: file, atomically: true, encoding: .utf8)
        let (exit, text) = try await render(file, [:])
        #expect(exit == .code(1))
        #expect(text.contains("SURELY_NOT_SET is not set"))
    }
}
