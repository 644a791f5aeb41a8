/// Why a call hook gave no verdict. Its words go to the log: they name no user and nothing of an answer.
enum CallHookFailure: Error, Equatable, CustomStringConvertible {
    case timedOut
    /// As many questions as may wait are waiting.
    case tooManyQuestions
    case unreachable(String)
    case connectionLost
    case status(Int)
    case answerTooLong
    case notUnderstood

    var description: String {
        switch self {
        case .timedOut: "no answer in time"
        case .tooManyQuestions: "too many questions are waiting for an answer"
        case .unreachable(let reason): "cannot be reached: \(reason)"
        case .connectionLost: "it closed the connection in place of an answer"
        case .status(let status): "it answered with status \(status), not 200"
        case .answerTooLong: "its answer is longer than \(CallHookAnswer.maximumLength) bytes"
        case .notUnderstood: #"its answer is not {"verdict": "allow"}, "refuse" or "silent""#
        }
    }
}
