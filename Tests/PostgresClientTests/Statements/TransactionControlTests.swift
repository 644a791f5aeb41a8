import Testing

@testable import PostgresClient

@Suite("What statements do to transactions")
struct TransactionControlTests {
    @Test(
        "First words decide, behind blanks and comments, in any case",
        arguments: [
            ("BEGIN", .begin), ("begin isolation level serializable", .begin), ("START TRANSACTION", .begin),
            ("COMMIT", .commit), ("End;", .commit), ("PREPARE TRANSACTION 'x'", .commit),
            ("COMMIT AND NO CHAIN", .commit), ("COMMIT WORK AND CHAIN", .chain), ("ROLLBACK AND CHAIN", .chain),
            ("ROLLBACK", .rollback), ("abort", .rollback), ("ROLLBACK TO a", .savepoint),
            ("ROLLBACK WORK TO SAVEPOINT a", .savepoint), ("SAVEPOINT a", .savepoint), ("RELEASE a", .savepoint),
            ("  \n-- BEGIN\n/* ROLLBACK /* nested */ */ COMMIT", .commit), ("-- COMMIT", .other), ("", .other),
            ("PREPARE plan AS SELECT 1", .other), ("SELECT 'BEGIN'", .other), ("BEGINNING", .other),
            ("/* never ends", .other), ("; BEGIN", .begin),
        ] as [(String, TransactionControl)])
    func classification(sql: String, expected: TransactionControl) {
        #expect(TransactionControl(sql: sql) == expected)
    }
}

@Suite("Batches that are not sent")
struct PostgresBatchTests {
    private func problem(_ sql: String...) -> BatchProblem? {
        PostgresBatch(sql.map { PostgresStatement(sql: $0) }).problem
    }

    @Test("A batch must end outside of transactions, and leave no door open")
    func transactions() {
        #expect(problem("SELECT 1") == nil)
        #expect(problem("BEGIN", "SELECT 1", "COMMIT", "SELECT 2", "BEGIN", "ROLLBACK") == nil)
        #expect(problem("BEGIN", "SAVEPOINT a", "ROLLBACK TO a", "COMMIT") == nil)
        #expect(problem() == .empty)
        #expect(problem("BEGIN", "SELECT 1") == .transactionLeftOpen)
        #expect(problem("BEGIN", "COMMIT AND CHAIN", "COMMIT") == .transactionLeftOpen)
        #expect(problem("BEGIN", "BEGIN", "COMMIT") == .nestedTransaction(statement: 1))
        #expect(problem("SELECT 1", "COMMIT") == .outsideTransaction(statement: 1))
        #expect(problem("ROLLBACK") == .outsideTransaction(statement: 0))
        #expect(problem("ROLLBACK TO a") == .outsideTransaction(statement: 0))
    }

    @Test("What libpq would cut short or cannot number is refused")
    func parameters() {
        var literal = PostgresParameters()
        literal.appendLiteral("a\u{0}b")
        #expect(PostgresBatch([PostgresStatement(sql: "SELECT $1", literal)]).problem == .nulCharacter(statement: 0))
        #expect(problem("SELECT 1", "SELECT '\u{0}'") == .nulCharacter(statement: 1))
        var many = PostgresParameters()
        for _ in 0..<65_536 { many.append(true) }
        #expect(PostgresBatch([PostgresStatement(sql: "SELECT 1", many)]).problem == .tooManyParameters(statement: 0))
    }

    @Test("Positions of results in a transaction with followers")
    func positions() {
        let one = PostgresStatement(sql: "SELECT 1")
        let two = PostgresStatement(sql: "SELECT 2")
        let batch = PostgresBatch.transaction([one], then: [two])
        #expect(batch.statements == [.begin, one, .commit, two])
        #expect(batch.statements[PostgresBatch.resultIndex(inTransaction: 0)] == one)
        #expect(batch.statements[PostgresBatch.resultIndex(behindTransactionOf: 1, 0)] == two)
    }
}
