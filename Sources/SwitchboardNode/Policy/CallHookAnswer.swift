import Foundation
import SwitchboardCore

/// What a call hook's answer means: `{"verdict": "allow"}`, `"refuse"` or `"silent"` with status 200, and nothing else.
enum CallHookAnswer {
    /// In bytes.
    static let maximumLength = 4096

    private struct Content: Decodable { var verdict: String }

    static func verdict(status: Int, body: [UInt8]) throws(CallHookFailure) -> CallVerdict {
        guard status == 200 else { throw .status(status) }
        guard body.count <= maximumLength else { throw .answerTooLong }
        guard let content = try? JSONDecoder().decode(Content.self, from: Data(body)) else { throw .notUnderstood }
        switch content.verdict {
        case "allow": return .allowed
        case "refuse": return .refused
        case "silent": return .silent
        default: throw .notUnderstood
        }
    }
}
