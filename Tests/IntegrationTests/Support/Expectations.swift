import SwitchboardProtocol
import Testing
import WebSocketTestSupport

/// The node names the error and closes with this code.
func expectClosed(
    _ socket: WebSocketClient, _ code: CloseCode, _ name: ErrorName, sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    #expect(try await socket.closed() == code.rawValue, sourceLocation: sourceLocation)
    let errors = try socket.messages().compactMap { if case .error(let error)? = $0.frame { error } else { nil } }
    #expect(errors.last?.name == name.rawValue, sourceLocation: sourceLocation)
    #expect(errors.last?.message == name.advice, sourceLocation: sourceLocation)
}
