import Foundation
import LocalCluster
import Testing

@Suite("Docker/compose.yaml")
struct ComposeTests {
    private let compose: ComposeFile
    private let nodes: [ComposeFile.Service]

    init() throws {
        compose = try ComposeFile()
        nodes = compose.services.values.filter { $0.name.wholeMatch(of: /n[0-9]/) != nil }.sorted { $0.name < $1.name }
    }

    @Test("It is the cluster of Scripts/cluster: the same servers by the same names")
    func sameServers() throws {
        let local = try LocalCluster(topology: .fixed())
        #expect(Set(compose.services.keys) == Set(local.partNames + ["secrets"]))
        #expect(nodes.map(\.name) == local.topology.nodes.map(\.name))
    }

    @Test("Everything that a service refers to exists")
    func references() throws {
        for service in compose.services.values {
            #expect(!service.image.isEmpty)
            #expect(compose.networks.isSuperset(of: service.networks))
            #expect(service.dependencies.allSatisfy { compose.services[$0] != nil }, "\(service.name)")
            if let context = service.context {
                let directory = ProjectLayout.path("Docker/\(context)")
                #expect(FileManager.default.fileExists(atPath: "\(directory)/\(try #require(service.dockerfile))"))
            }
            for volume in service.volumes {
                let source = String(volume.prefix { $0 != ":" })
                if source.hasPrefix(".") {
                    #expect(FileManager.default.fileExists(atPath: ProjectLayout.path("Docker/\(source)")), "\(source)")
                } else {
                    #expect(compose.volumes.contains(source))
                }
            }
        }
    }

    @Test("Every template is one of Cluster/, gets all its values, and becomes the file that the command reads")
    func templates() throws {
        for service in compose.services.values where service.name != "secrets" {
            #expect(!service.rendered.isEmpty, "\(service.name)")
            for (template, file) in service.rendered {
                #expect(template.hasPrefix("/cluster/"))
                #expect(service.volumes.contains("../Cluster:/cluster:ro"))
                let names = try Template(named: String(template.dropFirst("/cluster/".count))).names
                let missing = names.subtracting(service.environment.keys)
                #expect(missing.isEmpty, "\(service.name) lacks \(missing)")
                // These two images look for their file in a place of their own.
                if service.image.hasPrefix("zookeeper") {
                    #expect(file == "/conf/zoo.cfg")
                } else if file.hasSuffix(".sql") {
                    #expect(file.hasPrefix("/docker-entrypoint-initdb.d/"))
                } else {
                    #expect(service.command.contains { $0.hasSuffix(file) }, "\(service.name) does not read \(file)")
                }
            }
            if service.entrypoint.first == "/usr/local/bin/render" {
                #expect(service.volumes.contains("./render:/usr/local/bin/render:ro"))
            }
        }
    }

    @Test("Nodes and balancer agree on names and ports, and the page is published on loopback only")
    func balancerPorts() throws {
        let balancer = try #require(compose.services["haproxy"])
        let lines = try #require(balancer.environment["SERVERS"]).split(separator: "\n")
        let expected = nodes.map { node in
            "    server \(node.name) \(node.name):\(node.environment["LISTEN_PORT"] ?? "?")"
                + " check port \(node.environment["INTERNAL_PORT"] ?? "?")"
        }
        #expect(lines.map(String.init) == expected)
        let bind = try #require(balancer.environment["BIND"]?.split(separator: ":").last)
        #expect(balancer.ports == ["127.0.0.1:8080:\(bind)"])
        #expect(compose.services.values.allSatisfy { $0.name == "haproxy" || $0.ports.isEmpty })
        for node in nodes {
            #expect(node.environment["NODE_NAME"] == node.name)
            #expect(node.environment["PEER_ADVERTISE"] == "\(node.name):\(node.environment["PEER_PORT"] ?? "?")")
            #expect(node.networks.contains { balancer.networks.contains($0) })
        }
    }

    @Test("Nodes find ZooKeeper and PostgreSQL where those listen")
    func storePorts() throws {
        let servers = compose.services.values.filter { $0.name.hasPrefix("zookeeper-") }.sorted { $0.name < $1.name }
        let hosts = servers.map { "\($0.name):\($0.environment["CLIENT_PORT"] ?? "?")" }.joined(separator: ",")
        let database = try #require(compose.services["postgres"])
        let port = try #require(database.environment["PORT"])
        let name = try #require(database.environment["DATABASE"])
        for node in nodes {
            #expect(node.environment["ZOOKEEPER_HOSTS"] == hosts)
            #expect(node.environment["POSTGRES_URL"] == "postgresql://\(name)@postgres:\(port)/\(name)")
        }
        for (index, server) in servers.enumerated() {
            #expect(server.environment["ZOO_MY_ID"] == "\(index + 1)")
            let lines = try #require(server.environment["ENSEMBLE"]).split(separator: "\n")
            #expect(lines.map(String.init) == servers.indices.map { "server.\($0 + 1)=zookeeper-\($0 + 1):2888:3888" })
        }
    }

    @Test("The secrets that are made are those that the nodes' configuration names")
    func secrets() throws {
        let script = try #require(compose.services["secrets"]?.command.first)
        let made = try #require(script.firstMatch(of: /for name in (.*); do/)).output.1.split(separator: " ")
        let text = try String(contentsOfFile: ProjectLayout.path("Cluster/node.json"), encoding: .utf8)
        let named = text.matches(of: /\$\{SECRETS\}\/([a-z.]+)/).map(\.output.1)
        #expect(Set(made) == Set(named) && made.count == 2)
        let directory = try #require(nodes.first?.environment["SECRETS"])
        #expect(nodes.allSatisfy { $0.volumes.contains("secrets:\(directory):ro") })
        #expect(script.contains("cd \(directory)\n"))
    }
}
