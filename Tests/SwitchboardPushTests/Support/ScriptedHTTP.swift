import NIOConcurrencyHelpers

@testable import SwitchboardPush

/// Answers as it is told, and keeps what it was asked.
final class ScriptedHTTP: OutboundHTTP {
    private let state: NIOLockedValueBox<(answers: [Result<OutboundResponse, OutboundError>], seen: [OutboundRequest])>

    /// - Parameter answers: one after the other; the last one for ever.
    init(_ answers: Result<OutboundResponse, OutboundError>...) {
        state = NIOLockedValueBox((answers, []))
    }

    convenience init(_ status: Int, _ body: String = "", headers: [String: String] = [:]) {
        self.init(.success(OutboundResponse(status: status, headers: headers, body: Array(body.utf8))))
    }

    var requests: [OutboundRequest] { state.withLockedValue { $0.seen } }

    func post(
        _ request: OutboundRequest, within timeout: Duration
    ) async throws(OutboundError) -> OutboundResponse {
        let answer = state.withLockedValue { state in
            state.seen.append(request)
            return state.answers.count > 1 ? state.answers.removeFirst() : state.answers[0]
        }
        return try answer.get()
    }
}

extension OutboundRequest {
    func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
    var text: String { String(decoding: body, as: UTF8.self) }
}
