import Foundation
import Testing

@Suite("Session: golden traces, shared with the browser SDK")
struct SessionTraceTests {
    @Test("both SDKs do the same", arguments: try TraceFile.names())
    func trace(name: String) throws {
        let trace = try TraceFile.load(name)
        var session = TraceSession(trace.settings)
        for step in trace.steps { try session.step(at: step.at, step.input) }
        #expect(session.timeline == TraceSession.ordered(trace.expected))
    }

    @Test("there are traces")
    func areThere() throws {
        #expect(try TraceFile.names().count > 20)
    }
}
