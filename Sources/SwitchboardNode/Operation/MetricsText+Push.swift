import SwitchboardCore
import SwitchboardPush

extension MetricsText {
    /// Pushes, by provider; nothing for providers that are not configured.
    static func of(_ push: [PushProviderKind: PushMetrics.Values]) -> String {
        let providers = push.sorted { $0.key.rawValue < $1.key.rawValue }
        guard !providers.isEmpty else { return "" }
        var metrics = MetricsText()
        func samples(_ value: (PushMetrics.Values) -> String) -> [(String, String)] {
            providers.map { ("provider=\"\($0.key.rawValue)\"", value($0.value)) }
        }
        metrics.family(
            "push_waiting", "gauge", "Pushes in this node's hands that no provider has answered",
            samples { "\($0.waiting)" })
        metrics.family("push_taken_total", "counter", "Pushes taken by the provider", samples { "\($0.taken)" })
        metrics.family(
            "push_postponed_total", "counter", "Attempts that failed and are worth another one",
            samples { "\($0.postponed)" })
        metrics.family(
            "push_dead_total", "counter", "Pushes given up, those to endpoints that are gone included",
            samples { "\($0.dead)" })
        return metrics.text
    }
}
