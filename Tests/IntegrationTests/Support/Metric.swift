import LocalCluster

/// One sample of Prometheus' text format 0.0.4, read strictly: what a scraper would not understand is an error here.
struct Metric {
    var name: String
    var kind: String
    var labels: String
    var value: Double

    static func parse(_ text: String) throws -> [Metric] {
        guard text.hasSuffix("\n") else { throw malformed("the last line does not end") }
        var metrics: [Metric] = []
        var helped: Set<String> = []
        var kinds: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 3).map(String.init)
            if line.hasPrefix("# HELP ") {
                guard words.count == 4, helped.insert(words[2]).inserted else { throw malformed(line) }
            } else if line.hasPrefix("# TYPE ") {
                guard words.count == 4, ["gauge", "counter"].contains(words[3]), kinds[words[2]] == nil,
                    helped.contains(words[2])
                else { throw malformed(line) }
                kinds[words[2]] = words[3]
            } else {
                metrics.append(try sample(line, kinds))
            }
        }
        return metrics
    }

    private static func sample(_ line: Substring, _ kinds: [String: String]) throws -> Metric {
        guard let match = line.wholeMatch(of: /([a-z_:][a-z0-9_:]*)(\{[^{}]*\})? ([-+0-9.eE]+)/),
            let value = Double(match.3), let kind = kinds[String(match.1)]
        else { throw malformed(line) }
        if kind == "counter", !match.1.hasSuffix("_total") { throw malformed(line) }
        return Metric(name: String(match.1), kind: kind, labels: String(match.2 ?? ""), value: value)
    }

    private static func malformed(_ line: some StringProtocol) -> LocalClusterError {
        .failed("not the format that Prometheus reads: \(line)")
    }
}
