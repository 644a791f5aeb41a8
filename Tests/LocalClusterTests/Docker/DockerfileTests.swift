import Foundation
import LocalCluster
import Testing

@Suite("Docker/Dockerfile")
struct DockerfileTests {
    /// Instructions with their arguments, continued lines joined, comments left out.
    private let instructions: [(name: String, arguments: String)]

    init() throws {
        let text = try String(contentsOfFile: ProjectLayout.path("Docker/Dockerfile"), encoding: .utf8)
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.joined(separator: "\n")
        instructions = lines.replacing("\\\n", with: " ").split(separator: "\n").map { line in
            let name = line.prefix { $0 != " " }
            return (String(name), line.dropFirst(name.count).trimmingCharacters(in: .whitespaces))
        }
    }

    private func arguments(of name: String) -> [String] {
        instructions.filter { $0.name == name }.map(\.arguments)
    }

    private func packages(in stage: Int) throws -> Set<String> {
        let runs = arguments(of: "RUN").filter { $0.contains("apt-get install") }
        let run = try #require(runs.dropFirst(stage).first)
        let list = try #require(run.firstMatch(of: /--no-install-recommends(.*?)&&/)).output.1
        return Set(list.split(separator: " ").map(String.init))
    }

    @Test("What it copies exists and is let into the build")
    func copies() throws {
        let ignore = try String(contentsOfFile: ProjectLayout.path("Docker/Dockerfile.dockerignore"), encoding: .utf8)
        let allowed = ignore.split(separator: "\n").filter { $0.hasPrefix("!") }.map { $0.dropFirst() }
        let copies = arguments(of: "COPY").filter { !$0.hasPrefix("--from") }
        #expect(copies.count == 5)
        for copy in copies {
            let source = try #require(copy.split(separator: " ").first)
            #expect(FileManager.default.fileExists(atPath: ProjectLayout.path(String(source))), "\(source)")
            #expect(allowed.contains { source == $0 || source.hasPrefix("\($0)/") }, "\(source)")
        }
    }

    @Test("It installs what Scripts/install installs to build and to serve")
    func packages() throws {
        let script = try String(contentsOfFile: ProjectLayout.path("Scripts/install"), encoding: .utf8)
        func group(_ name: String) throws -> Set<String> {
            let line = try #require(
                script.split(separator: "\n").first {
                    $0.trimmingCharacters(in: .whitespaces).hasPrefix("\(name)) echo")
                })
            let words = try #require(line.firstMatch(of: /echo (.*);;/)).output.1.split(separator: " ")
            return Set(words.map(String.init))
        }
        #expect(try packages(in: 0) == group("build"))
        #expect(try packages(in: 1) == group("serve").union(["ca-certificates", "curl"]))
    }

    @Test("It runs as an ordinary user, and tells the ports that the cluster uses")
    func userAndPorts() throws {
        let user = try #require(arguments(of: "USER").last)
        #expect(user == "switchboard")
        #expect(arguments(of: "RUN").contains { $0.contains("useradd") && $0.contains(" \(user) ") })
        // Nothing after it turns root again.
        #expect(instructions.last { $0.name == "USER" || $0.name == "FROM" }?.name == "USER")

        let environment = try #require(ComposeFile().services["n1"]).environment
        let used = ["LISTEN_PORT", "INTERNAL_PORT", "PEER_PORT"].compactMap { environment[$0] }
        let exposed = try #require(arguments(of: "EXPOSE").first).split(separator: " ").map(String.init)
        #expect(Set(exposed) == Set(used) && used.count == 3)
        let health = try #require(arguments(of: "HEALTHCHECK").first)
        #expect(health.contains("http://127.0.0.1:\(try #require(environment["INTERNAL_PORT"]))/health/ready"))
    }

    @Test("It builds a product of the package, and starts it with options that it has")
    func program() async throws {
        let manifest = try String(contentsOfFile: ProjectLayout.path("Package.swift"), encoding: .utf8)
        let build = try #require(arguments(of: "RUN").first { $0.contains("swift build") })
        let product = try #require(build.firstMatch(of: /--product ([a-z-]+)/)).output.1
        #expect(manifest.contains(".executable(name: \"\(product)\""))
        #expect(arguments(of: "ENTRYPOINT") == ["[\"\(product)\"]"])

        // The program itself knows best; it is there whenever the whole package was built.
        guard FileManager.default.isExecutableFile(atPath: BuildProducts.node) else { return }
        let home = try TemporaryDirectory()
        let help = LaunchCommand(BuildProducts.node, ["serve", "--help"], logFile: home.file("help"))
        let process = try await ManagedProcess.start(help)
        #expect(try await process.waitForExit(within: .seconds(20)) == .code(0))
        #expect(process.logTail(lines: 500).contains("--config"))
    }
}
