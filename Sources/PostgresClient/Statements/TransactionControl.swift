/// What a statement does to the transaction that surrounds it, as its first words tell.
///
/// A pipeline needs to know it for two reasons: to say what an error has undone and what it has not, and to keep a batch
/// from leaving a transaction open into which the next batch would run.
enum TransactionControl: Equatable, Sendable {
    /// BEGIN, START TRANSACTION
    case begin
    /// COMMIT, END, PREPARE TRANSACTION
    case commit
    /// ROLLBACK, ABORT
    case rollback
    /// Something that makes sense within a transaction only: SAVEPOINT, RELEASE, ROLLBACK TO
    case savepoint
    /// COMMIT AND CHAIN, ROLLBACK AND CHAIN: would leave a transaction open.
    case chain
    /// Everything else
    case other

    /// Looks at the first words of a statement.
    init(sql: String) {
        let words = Self.firstWords(of: sql, count: 4)
        switch words.first {
        case "BEGIN", "START":
            self = .begin
        case "COMMIT", "END", "ROLLBACK", "ABORT":
            if Self.chains(words) {
                self = .chain
            } else if words[0] == "COMMIT" || words[0] == "END" {
                self = .commit
            } else {
                self = words.contains("TO") ? .savepoint : .rollback
            }
        case "PREPARE" where words.dropFirst().first == "TRANSACTION":
            self = .commit
        case "SAVEPOINT", "RELEASE":
            self = .savepoint
        default:
            self = .other
        }
    }

    private static func chains(_ words: [String]) -> Bool {
        zip(words, words.dropFirst()).contains { $0 == ("AND", "CHAIN") }
    }

    /// The first words in upper case, behind white space and comments.
    private static func firstWords(of sql: String, count: Int) -> [String] {
        var words: [String] = []
        var rest = skipBlanks(in: Substring(sql).utf8)
        while words.count < count {
            let word = rest.prefix { isLetter($0) }
            guard !word.isEmpty else { break }
            words.append((String(word) ?? "").uppercased())
            rest = skipBlanks(in: rest.dropFirst(word.count))
        }
        return words
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        switch byte | 0x20 {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): true
        default: false
        }
    }

    private static func skipBlanks(in text: Substring.UTF8View) -> Substring.UTF8View {
        var rest = text
        while true {
            rest = rest.drop { $0 == 0x20 || (0x09...0x0d).contains($0) || $0 == UInt8(ascii: ";") }
            if rest.starts(with: "--".utf8) {
                rest = rest.drop { $0 != 0x0a && $0 != 0x0d }
            } else if rest.starts(with: "/*".utf8) {
                rest = skipComment(in: rest)
            } else {
                return rest
            }
        }
    }

    /// Comments of the second kind may be nested.
    private static func skipComment(in text: Substring.UTF8View) -> Substring.UTF8View {
        var rest = text
        var depth = 0
        while !rest.isEmpty {
            if rest.starts(with: "/*".utf8) {
                depth += 1
                rest = rest.dropFirst(2)
            } else if rest.starts(with: "*/".utf8) {
                depth -= 1
                rest = rest.dropFirst(2)
                if depth == 0 { break }
            } else {
                rest = rest.dropFirst()
            }
        }
        return rest
    }
}
