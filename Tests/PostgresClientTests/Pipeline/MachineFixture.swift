@testable import PostgresClient

/// Short words for transcripts.
struct MachineFixture {
    var machine: PipelineStateMachine
    var now = ContinuousClock.now

    init(_ change: (inout PipelineStateMachine.Limits) -> Void = { _ in }, connected: Bool = true) {
        var limits = PipelineStateMachine.Limits()
        change(&limits)
        machine = PipelineStateMachine(limits: limits)
        if connected { machine.connected(PostgresSessionID(1)) }
    }

    mutating func submit(_ number: UInt64, _ batch: PostgresBatch, for session: UInt64? = nil)
        -> PipelineStateMachine.SubmitAction
    {
        machine.batchSubmitted(
            batch, ticket: BatchTicket(number: number), for: session.map { PostgresSessionID($0) }, now: now)
    }

    mutating func send() -> PipelineStateMachine.SendAction { machine.readyToSend(now: now) }

    /// All that can be sent now.
    mutating func sendAll() -> [PipelineCommand] {
        var commands: [PipelineCommand] = []
        while case .send(let more) = send() { commands += more }
        return commands
    }

    mutating func answer(_ answers: ServerAnswer...) -> [PipelineStateMachine.ReceiveAction] {
        answers.map { machine.answerReceived($0) }.filter { $0 != .none }
    }

    mutating func sync(_ status: TransactionStatus = .idle) -> PipelineStateMachine.ReceiveAction {
        machine.pipelineSyncReceived(status)
    }
}

let select = PostgresStatement(sql: "SELECT 1")
let insert = PostgresStatement(sql: "INSERT INTO t VALUES (1)")
let transaction = PostgresBatch([.begin, insert, .commit])

func execute(_ statement: PostgresStatement, as name: String? = nil) -> PipelineCommand {
    .execute(statement, name: name)
}

/// The commands of ``transaction``.
let transactionCommands: [PipelineCommand] = [execute(.begin), execute(insert), execute(.commit), .sync]

func success(_ tag: String) -> ServerAnswer { .success(StatementOutput(tag: tag)) }

func error(_ state: SQLState, severity: String = "ERROR") -> PostgresError {
    PostgresError(sqlState: state, severity: severity, message: "refused")
}

func completion(_ number: UInt64, _ outcome: BatchOutcome) -> BatchCompletion {
    BatchCompletion(ticket: BatchTicket(number: number), outcome: outcome)
}

func succeeded(_ tags: String...) -> BatchOutcome {
    .succeeded(BatchReport(results: tags.map { .success(StatementOutput(tag: $0)) }))
}
