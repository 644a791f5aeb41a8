import Foundation
import SwitchboardCore
import SwitchboardProtocol
import SwitchboardTransport

/// What operators and balancers ask on the internal port.
struct InternalRoutes: Sendable {
    let core: CoreThread
    let counters: NodeCounters
    let readiness: Readiness
    let storeProblems: @Sendable () -> [String]
    let connections: @Sendable () -> Int
    let settings: NodeSettings
    let incarnation: Incarnation
    let departure: Departure
    let push: PushParts

    func router() -> HTTPRouter {
        var router = HTTPRouter()
        router.get("/health/live") { _ in await live() }
        router.get("/health/ready") { _ in await ready() }
        router.get("/metrics") { _ in await metrics() }
        router.get(under: "/conversations/") { await conversation($0) }
        router.post("/drain") { _ in drain() }
        router.get("/push/dead-letters") { await DeadLetters.respond(to: $0, from: push.outbox) }
        return router
    }

    /// Alive: the core's thread answers.
    private func live() async -> HTTPResponse {
        await core.ask { $0.figures } == nil
            ? .error(status: 503, name: "stopped", message: "the core has ended") : .text("ok\n")
    }

    private func drain() -> HTTPResponse {
        let isFirst = departure.request()
        return .text(isFirst ? "draining\n" : "draining already\n", status: 202)
    }

    private func problems(_ figures: NodeFigures) -> [String] {
        readiness.problems(
            storeProblems: storeProblems(), isStoreHealthy: figures.isStoreHealthy, isDraining: figures.isDraining)
    }

    private func ready() async -> HTTPResponse {
        guard let figures = await core.ask({ $0.figures }) else {
            return .error(status: 503, name: "stopped", message: "the core has ended")
        }
        let problems = problems(figures)
        guard !problems.isEmpty else { return .text("ready\n") }
        return .text(problems.joined(separator: "\n") + "\n", status: 503)
    }

    private func metrics() async -> HTTPResponse {
        guard let figures = await core.ask({ $0.figures }) else {
            return .error(status: 503, name: "stopped", message: "the core has ended")
        }
        return .text(
            MetricsText.of(
                figures, counters.current, connections: connections(), waitingEvents: core.waiting,
                isReady: problems(figures).isEmpty, node: settings.name, datacenter: settings.datacenter,
                software: SwitchboardNode.version) + MetricsText.of(push.metrics),
            contentType: "text/plain; version=0.0.4; charset=utf-8")
    }

    private struct Leader: Encodable {
        var conversation: String
        var leader: String
        var epoch: UInt32
    }

    private func conversation(_ request: HTTPRequest) async -> HTTPResponse {
        let text = String(request.path.dropFirst("/conversations/".count))
        guard let conversation = ConversationID(text) else {
            return .error(status: 400, name: "invalid_identifier", message: "a call id is a UUID")
        }
        let found = await core.ask { core in
            core.leader(of: conversation).map { Leader(conversation: text, leader: $0.leader.text, epoch: $0.epoch) }
        }
        guard let leader = found ?? nil, let body = try? JSONEncoder().encode(leader) else {
            return .error(
                status: 404, name: "not_found", message: "this node knows nothing of it; ask the others")
        }
        return .json(String(decoding: body, as: UTF8.self))
    }
}
