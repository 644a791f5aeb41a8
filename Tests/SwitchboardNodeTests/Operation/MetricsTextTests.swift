import SwitchboardCore
import SwitchboardProtocol
import Testing

@testable import SwitchboardNode

@Suite("MetricsText and NodeCounters")
struct MetricsTextTests {
    @Test("One gauge, word for word")
    func golden() {
        var metrics = MetricsText()
        metrics.gauge("ready", "1 if the node takes clients", 1)
        metrics.counter("commits_total", "Transactions sent to the store", 7)
        #expect(
            metrics.text == """
                # HELP switchboard_ready 1 if the node takes clients
                # TYPE switchboard_ready gauge
                switchboard_ready 1
                # HELP switchboard_commits_total Transactions sent to the store
                # TYPE switchboard_commits_total counter
                switchboard_commits_total 7

                """)
    }

    @Test("Names in labels are escaped as the exposition format demands")
    func escaping() {
        let core = NodeCore(NodeConfiguration(incarnation: Incarnation(trusted: "n.1"), name: "n"))
        let text = MetricsText.of(
            core.figures, NodeCounters.Values(), connections: 0, waitingEvents: 0, isReady: false,
            node: "a\"b\\c\nd", datacenter: "x", software: "1")
        #expect(text.contains(#"node="a\"b\\c\nd""#))
        #expect(text.contains("switchboard_ready 0\n"))
    }

    @Test("Counters count what the core wants done")
    func counters() {
        let counters = NodeCounters()
        let frames = [WireServerFrame(), WireServerFrame()]
        counters.count([
            .sendToClient(ConnectionID(1), frames), .sendToClient(ConnectionID(2), frames),
            .closeConnection(ConnectionID(1), .badToken, .badToken),
            .log(NodeLogLine(.warning, "w")), .log(NodeLogLine(.error, "e")), .log(NodeLogLine(.info, "i")),
        ])
        counters.count([])
        let values = counters.current
        #expect(values.turns == 2)
        #expect(values.framesToClients == 4)
        #expect(values.closed == 1)
        #expect(values.warnings == 1)
        #expect(values.errors == 1)
        #expect(values.commits == 0)
    }
}
