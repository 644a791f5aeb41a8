import Foundation
import LocalCluster
import Yams

/// `Docker/compose.yaml`, read as far as the tests look at it.
struct ComposeFile {
    struct Service {
        let name: String
        let image: String
        let dockerfile: String?
        let context: String?
        let environment: [String: String]
        let entrypoint: [String]
        let command: [String]
        let volumes: [String]
        let ports: [String]
        let networks: [String]
        let dependencies: [String]

        /// Templates that the service renders, with the files that they become.
        var rendered: [(template: String, file: String)] {
            guard let first = entrypoint.first, first == "render" || first.hasSuffix("/render"),
                let end = entrypoint.firstIndex(of: "--")
            else { return [] }
            let names = entrypoint[1..<end]
            return stride(from: 1, to: end - 1, by: 2).map { (names[$0], names[$0 + 1]) }
        }
    }

    let services: [String: Service]
    let volumes: Set<String>
    let networks: Set<String>

    init() throws {
        let text = try String(contentsOfFile: ProjectLayout.path("Docker/compose.yaml"), encoding: .utf8)
        // Yams knows anchors and aliases, and leaves `<<` to its readers.
        let root = Self.merged(try Yams.load(yaml: text) as? [String: Any] ?? [:])
        let services = root["services"] as? [String: [String: Any]] ?? [:]
        self.services = Dictionary(
            uniqueKeysWithValues: services.map { name, fields in
                let build = fields["build"] as? [String: Any]
                let environment = fields["environment"] as? [String: Any] ?? [:]
                return (
                    name,
                    Service(
                        name: name,
                        image: fields["image"] as? String ?? "",
                        dockerfile: build?["dockerfile"] as? String,
                        context: build?["context"] as? String,
                        environment: environment.mapValues { "\($0)" },
                        entrypoint: fields["entrypoint"] as? [String] ?? [],
                        command: fields["command"] as? [String] ?? [],
                        volumes: fields["volumes"] as? [String] ?? [],
                        ports: fields["ports"] as? [String] ?? [],
                        networks: fields["networks"] as? [String] ?? [],
                        dependencies: (fields["depends_on"] as? [String: Any] ?? [:]).keys.sorted())
                )
            })
        volumes = Set((root["volumes"] as? [String: Any] ?? [:]).keys)
        networks = Set((root["networks"] as? [String: Any] ?? [:]).keys)
    }

    private static func merged(_ mapping: [String: Any]) -> [String: Any] {
        var result: [String: Any] = [:]
        if let base = mapping["<<"] as? [String: Any] { result = merged(base) }
        for (key, value) in mapping where key != "<<" {
            result[key] = (value as? [String: Any]).map { merged($0) } ?? value
        }
        return result
    }
}
