import Foundation
import LocalCluster
import Testing

@Suite("Template")
struct TemplateTests {
    @Test("Placeholders are filled in once; values are not looked at again")
    func render() throws {
        let template = Template("a=${A} b=${B_2} ${A} $A ${lower}")
        #expect(template.names == ["A", "B_2"])
        #expect(try template.render(["A": "${B_2}", "B_2": "x"]) == "a=${B_2} b=x ${B_2} $A ${lower}")
    }

    @Test("A missing and a superfluous value are errors that name it")
    func mismatch() {
        #expect(throws: LocalClusterError.badTemplate(file: "t", reason: "nobody gives B")) {
            try Template("${A}${B}", file: "t").render(["A": ""])
        }
        #expect(throws: LocalClusterError.badTemplate(file: "t", reason: "does not name C")) {
            try Template("${A}", file: "t").render(["A": "", "C": ""])
        }
    }

    @Test("The node's configuration is JSON whatever is filled in", arguments: ["true", "false"])
    func nodeConfiguration(demo: String) throws {
        let template = try Template(named: "node.json")
        var values: [String: String] = [:]
        for name in template.names { values[name] = name.hasSuffix("PORT") || name.hasSuffix("_MS") ? "1234" : "word" }
        values["DEMO"] = demo
        let text = try template.render(values)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(object["demo"] as? Bool == (demo == "true"))
        #expect((object["zookeeper"] as? [String: Any])?["sessionTimeoutMs"] as? Int == 1234)
    }
}

@Suite("Topology")
struct TopologyTests {
    private func ports(_ topology: Topology) -> [Int] {
        topology.nodes.flatMap { [$0.listenPort, $0.internalPort, $0.peerPort] } + topology.zooKeeperPorts
            + [topology.postgresPort, topology.balancerPort]
    }

    @Test("All ports differ, in the largest fixed topology and in a free one")
    func distinctPorts() throws {
        let largest = try ports(.fixed(nodes: 9, zooKeepers: 9))
        #expect(Set(largest).count == largest.count && largest.count == 56)
        let free = try ports(.free())
        #expect(Set(free).count == free.count && free.allSatisfy { FreePorts.isFree($0) })
    }

    @Test(
        "Numbers that do not fit are refused",
        arguments: [(0, 8100, 3), (8080, 80, 3), (8101, 8100, 3), (8080, 65_500, 3), (8080, 8100, 0), (8080, 8100, 10)])
    func refusals(balancer: Int, base: Int, nodes: Int) {
        #expect(throws: LocalClusterError.self) {
            try Topology.fixed(balancerPort: balancer, basePort: base, nodes: nodes)
        }
    }
}
