import SwitchboardCore
import SwitchboardProtocol
import SwitchboardPush
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

    @Test("Pushes have a sample for each provider, and nothing is said of providers that are not there")
    func pushes() {
        var fcm = PushMetrics.Values()
        (fcm.waiting, fcm.taken, fcm.postponed, fcm.dead) = (1, 2, 3, 4)
        let text = MetricsText.of([.fcm: fcm, .apns: PushMetrics.Values()])
        #expect(
            text.hasPrefix(
                """
                # HELP switchboard_push_waiting Pushes in this node's hands that no provider has answered
                # TYPE switchboard_push_waiting gauge
                switchboard_push_waiting{provider="apns"} 0
                switchboard_push_waiting{provider="fcm"} 1
                # HELP switchboard_push_taken_total Pushes taken by the provider
                # TYPE switchboard_push_taken_total counter
                switchboard_push_taken_total{provider="apns"} 0
                switchboard_push_taken_total{provider="fcm"} 2

                """))
        #expect(text.contains("switchboard_push_postponed_total{provider=\"fcm\"} 3\n"))
        #expect(text.contains("switchboard_push_dead_total{provider=\"fcm\"} 4\n"))
        #expect(MetricsText.of([:]).isEmpty)
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
