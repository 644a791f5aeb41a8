import Testing

@testable import PostgresClient

@Suite("Connection strings and configuration")
struct ConnectionStringTests {
    @Test("Both forms are read; hosts are told apart")
    func forms() throws {
        let uri = try ConnectionString("postgresql://me:pass%20word@a:1,b:2/db?sslmode=require")
        #expect(uri.endpoints == [.init(host: "a", port: "1"), .init(host: "b", port: "2")])
        #expect(uri.parameters == ["user": "me", "password": "pass word", "dbname": "db", "sslmode": "require"])
        let pairs = try ConnectionString("hostaddr=127.0.0.1,::1 host=x,y port=5433 user='m e'")
        #expect(
            pairs.endpoints == [
                .init(host: "x", hostAddress: "127.0.0.1", port: "5433"),
                .init(host: "y", hostAddress: "::1", port: "5433"),
            ])
        #expect(try ConnectionString("").endpoints == [.init()])
        #expect(throws: ConnectionStringError.unevenHosts) { try ConnectionString("host=a,b port=1,2,3") }
        #expect(throws: ConnectionStringError.unevenHosts) { try ConnectionString("host=a,b hostaddr=::1") }
    }

    @Test(
        "What cannot be read is told without quoting it",
        arguments: ["postgresql://me:s3cret@[::1/db", "password=s3cret s3cret", "nokey=s3cret", "host=a\u{0}s3cret"])
    func malformed(text: String) {
        #expect { try ConnectionString(text) } throws: { error in
            error as? ConnectionStringError == .malformed && !"\(error)".contains("s3cret")
        }
    }

    @Test("Neither printing nor dumping shows a password, and messages of others are cleaned of it")
    func secrets() throws {
        let string = try ConnectionString("host=a user=me password=s3cret sslpassword=t0psecret dbname=db")
        let configuration = PostgresConfiguration(connectionString: string)
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in [
            "\(string)", String(reflecting: string), "\(configuration)", String(reflecting: configuration), dumped,
        ] {
            #expect(!text.contains("s3cret") && !text.contains("t0psecret"), "\(text)")
        }
        #expect(string.redact("bad s3cret and t0psecret") == "bad ••• and •••")
    }

    @Test("The connection string wins over network defaults, not over what the code relies on")
    func precedence() throws {
        var configuration = try PostgresConfiguration(
            "host=a application_name=theirs client_encoding=LATIN1 tcp_user_timeout=7 target_session_attrs=any")
        configuration.applicationName = "ours"
        let keywords = configuration.keywords(for: configuration.connectionString.endpoints[0])
        let effective = Dictionary(keywords) { $1 }
        #expect(effective["application_name"] == "ours")
        #expect(effective["client_encoding"] == "UTF8")
        #expect(effective["tcp_user_timeout"] == "7")
        #expect(effective["target_session_attrs"] == "any")
        #expect(effective["keepalives_idle"] == "5")
        #expect(effective["host"] == "a")
    }

    @Test("Session settings have defaults that can be replaced")
    func settings() throws {
        var configuration = try PostgresConfiguration("host=a")
        configuration.lockTimeout = .milliseconds(1500)
        configuration.sessionSettings = ["statement_timeout": "9s", "synchronous_commit": "on"]
        let settings = Dictionary(uniqueKeysWithValues: configuration.settings.map { ($0.name, $0.value) })
        #expect(
            settings == [
                "lock_timeout": "1500", "idle_in_transaction_session_timeout": "10000", "statement_timeout": "9s",
                "synchronous_commit": "on",
            ])
    }
}

@Suite("Reconnecting")
struct ReconnectBackoffTests {
    @Test("Pauses double up to their bound, and start anew after a stable connection")
    func doubling() {
        var backoff = ReconnectBackoff(.init())
        let pauses = (0..<8).map { _ in backoff.attemptFailed(random: 1) }
        #expect(pauses == [50, 100, 200, 400, 800, 1600, 2000, 2000].map { .milliseconds($0) })
        #expect(backoff.attemptFailed(random: 0) == .seconds(1))
        #expect(backoff.connectionLost(after: .seconds(1), random: 1) == .zero)
        #expect(backoff.attemptFailed(random: 1) == .milliseconds(50))
        for _ in 0..<1000 { _ = backoff.attemptFailed(random: 1) }
        #expect(backoff.attemptFailed(random: 1) == .seconds(2))
    }

    @Test("A connection that does not last counts as a failed attempt")
    func shortLived() {
        var backoff = ReconnectBackoff(.init())
        #expect(backoff.connectionLost(after: .milliseconds(999), random: 1) == .milliseconds(50))
        #expect(backoff.connectionLost(after: .zero, random: 1) == .milliseconds(100))
    }
}
