import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import SwitchboardCore
import SwitchboardProtocol

/// Asks a server of the operator's who may call whom: a signed POST for each call. Without an answer that is understood, in time,
/// it is as configured.
struct HookPolicy: CallPolicy {
    /// Questions that wait for their turn, for each that is under way.
    private static let waitingPerQuestion = 16

    private let settings: CallHookSettings
    private let client: HTTPClient
    private let turnstile: Turnstile
    private let failed: @Sendable (CallHookFailure, ConversationID) -> Void

    /// - Parameters:
    ///   - client: Keeps connections; its owner ends it. Must follow no redirects.
    ///   - failed: Is told of each question without a verdict.
    init(
        _ settings: CallHookSettings, client: HTTPClient,
        failed: @escaping @Sendable (CallHookFailure, ConversationID) -> Void
    ) {
        self.settings = settings
        self.client = client
        self.failed = failed
        turnstile = Turnstile(
            capacity: settings.concurrency, maximumWaiting: settings.concurrency * Self.waitingPerQuestion)
    }

    func verdict(on call: ProposedCall) async -> CallVerdict {
        // Nobody is called so, whatever the hook would say.
        guard let callee = UserID(call.callee) else { return .refused }
        let question = CallHookQuestion(
            call, callee: callee, secret: settings.secret, wallSeconds: Int64(Date().timeIntervalSince1970))
        let result = await inTime { await ask(question) }
        switch result {
        case .success(let verdict): return verdict
        case .failure(let failure):
            failed(failure, call.conversation)
            return settings.allowsOnFailure ? .allowed : .refused
        }
    }

    private func inTime(
        _ body: @escaping @Sendable () async -> Result<CallVerdict, CallHookFailure>
    ) async -> Result<CallVerdict, CallHookFailure> {
        let timeout = settings.timeout
        return await withTaskGroup(of: Result<CallVerdict, CallHookFailure>.self) { group in
            group.addTask { await body() }
            group.addTask {
                try? await Task.sleep(for: timeout)
                return .failure(.timedOut)
            }
            let first = await group.next()
            group.cancelAll()
            return first ?? .failure(.timedOut)
        }
    }

    private func ask(_ question: CallHookQuestion) async -> Result<CallVerdict, CallHookFailure> {
        guard await turnstile.enter() else { return .failure(Task.isCancelled ? .timedOut : .tooManyQuestions) }
        var result = await post(question)
        if case .failure(.connectionLost) = result, !Task.isCancelled {
            // A kept connection may be closed by the other end at the moment of its use; asking twice does no harm.
            result = await post(question)
        }
        await turnstile.leave()
        return result
    }

    private func post(_ question: CallHookQuestion) async -> Result<CallVerdict, CallHookFailure> {
        var request = HTTPClientRequest(url: settings.url)
        request.method = .POST
        request.headers = HTTPHeaders(question.headers.map { ($0.name, $0.value) })
        request.body = .bytes(ByteBuffer(bytes: question.body))
        let status: Int
        let body: ByteBuffer
        do {
            let response = try await client.execute(request, timeout: TimeAmount(settings.timeout))
            status = Int(response.status.code)
            body = try await response.body.collect(upTo: CallHookAnswer.maximumLength)
        } catch is NIOTooManyBytesError {
            return .failure(.answerTooLong)
        } catch {
            return .failure(Self.failure(error))
        }
        do throws(CallHookFailure) {
            return .success(try CallHookAnswer.verdict(status: status, body: Array(buffer: body)))
        } catch {
            return .failure(error)
        }
    }

    private static func failure(_ error: any Error) -> CallHookFailure {
        switch error {
        case let error as HTTPClientError where error == .deadlineExceeded: .timedOut
        case let error as HTTPClientError where error == .remoteConnectionClosed: .connectionLost
        case let error as IOError where [ECONNRESET, EPIPE].contains(error.errnoCode): .connectionLost
        case let error as HTTPClientError: .unreachable(error.shortDescription)
        default: .unreachable("\(error)")
        }
    }
}
