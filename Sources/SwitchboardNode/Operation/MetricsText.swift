import SwitchboardCore

/// The node's figures in the text format that Prometheus reads (exposition format 0.0.4). Written here, since no exporter for it
/// is among the libraries that can be had, and it is a page of code.
struct MetricsText {
    private(set) var text = ""

    mutating func gauge(_ name: String, _ help: String, _ value: some BinaryInteger) {
        add(name, "gauge", help, "\(value)")
    }

    mutating func counter(_ name: String, _ help: String, _ value: UInt64) {
        add(name, "counter", help, "\(value)")
    }

    private mutating func add(_ name: String, _ kind: String, _ help: String, _ value: String) {
        text += "# HELP switchboard_\(name) \(help)\n# TYPE switchboard_\(name) \(kind)\nswitchboard_\(name) \(value)\n"
    }

    /// One name, several labels.
    mutating func family(_ name: String, _ kind: String, _ help: String, _ samples: [(labels: String, value: String)]) {
        text += "# HELP switchboard_\(name) \(help)\n# TYPE switchboard_\(name) \(kind)\n"
        for (labels, value) in samples { text += "switchboard_\(name){\(labels)} \(value)\n" }
    }

    static func of(
        _ figures: NodeFigures, _ counters: NodeCounters.Values, connections: Int, waitingEvents: Int, isReady: Bool,
        node: String, datacenter: String, software: String
    ) -> String {
        var metrics = MetricsText()
        metrics.text +=
            "# HELP switchboard_info What runs here\n# TYPE switchboard_info gauge\n"
            + "switchboard_info{node=\"\(escaped(node))\",datacenter=\"\(escaped(datacenter))\","
            + "version=\"\(escaped(software))\"} 1\n"
        metrics.gauge("ready", "1 if the node takes clients", isReady ? 1 : 0)
        metrics.gauge("registered_nodes", "Nodes in the coordinator's list, this one included", figures.registeredNodes)
        metrics.gauge("linked_nodes", "Other nodes to which a link is up", figures.linkedNodes)
        metrics.gauge("connections", "Open WebSockets", connections)
        metrics.gauge("sessions", "Clients that have said hello", figures.sessions)
        metrics.gauge("routes", "Conversations that clients of this node take part in", figures.routes)
        metrics.gauge("led_conversations", "Conversations that this node leads", figures.leaderships)
        metrics.gauge("recovering_conversations", "Found without a leader and being claimed", figures.recovering)
        metrics.gauge("store_requests", "Questions to the store without answer yet", figures.storeRequests)
        metrics.gauge("coordinator_requests", "Questions to the coordinator, unanswered", figures.coordinatorRequests)
        metrics.gauge("store_healthy", "0 after 2 s without a successful commit", figures.isStoreHealthy ? 1 : 0)
        metrics.gauge("draining", "1 while the node leaves", figures.isDraining ? 1 : 0)
        metrics.gauge("core_waiting_events", "Events that wait for the core's thread", waitingEvents)
        metrics.counter("core_turns_total", "Turns of the core", counters.turns)
        metrics.counter("frames_to_clients_total", "Frames sent to clients", counters.framesToClients)
        metrics.counter("frames_to_peers_total", "Frames sent to other nodes", counters.framesToPeers)
        metrics.counter("commits_total", "Transactions sent to the store", counters.commits)
        metrics.counter("appends_total", "Log entries sent to the store", counters.appends)
        metrics.counter("connections_closed_total", "Connections closed by the node", counters.closed)
        metrics.counter("policy_questions_total", "Calls that the policy was asked about", counters.policyQuestions)
        metrics.counter("policy_failures_total", "Calls about which the policy could not say", counters.policyFailures)
        metrics.counter("warnings_total", "Warnings logged by the core", counters.warnings)
        metrics.counter("errors_total", "Errors logged by the core", counters.errors)
        return metrics.text
    }

    /// Label values escape backslash, quote and the end of a line.
    private static func escaped(_ value: String) -> String {
        value.map { character in
            switch character {
            case "\\": "\\\\"
            case "\"": "\\\""
            case "\n": "\\n"
            default: String(character)
            }
        }.joined()
    }
}
