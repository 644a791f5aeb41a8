public import SwitchboardCore
public import SwitchboardProtocol

/// Push endpoints and the outbox, as a database holds them, and the rules of ``PushStep`` and ``PushOutbox`` applied exactly.
/// A value; times are those of the store's clock.
public struct PushOutboxContents: Sendable {
    enum State: Sendable {
        case waiting
        case taken
        case dead
        case dropped
    }

    struct Row: Sendable {
        var number: Int64
        var conversation: ConversationID
        var kind: ClaimedPush.Kind
        var endpoint: PushEndpoint
        var expires: Duration
        /// Of a row that is taken: the end of its lease.
        var due: Duration
        var claimedBy: Incarnation?
        var attempts = 0
        var state = State.waiting
        var note: String?
        var written: Duration

        var isInvite: Bool {
            if case .invite = kind { true } else { false }
        }
    }

    private(set) var endpoints: [PushEndpointID: PushEndpoint] = [:]
    private(set) var rows: [Int64: Row] = [:]
    private var lastNumber: Int64 = 0

    public init() {}

    // MARK: With the entries of conversations

    /// What an append brings along; returns how many pushes it has made due.
    public mutating func apply(_ step: PushStep, of conversation: ConversationID, at now: Duration) -> Int {
        switch step {
        case .invite(let user, let caller, let media, let lifetime):
            let endpoints = endpoints(of: user)
            for endpoint in endpoints {
                add(.invite(caller: caller, media: media), of: conversation, to: endpoint, until: now + lifetime, now)
            }
            return endpoints.count
        case .cancel(let reason): return cancel(conversation, reason, now)
        }
    }

    /// An endpoint that an invite may have reached gets a cancel: its provider has taken the invite, or a node has tried.
    private mutating func cancel(_ conversation: ConversationID, _ reason: EndReason, _ now: Duration) -> Int {
        var reached: [PushEndpoint] = []
        for number in rows.keys.sorted() {
            guard let row = rows[number], row.conversation == conversation, row.isInvite else { continue }
            if row.state == .taken || row.state == .waiting && row.attempts > 0,
                !reached.contains(where: { $0.id == row.endpoint.id })
            {
                reached.append(row.endpoint)
            }
            if row.state == .waiting { end(number, .dropped, "the call does not ring any more") }
        }
        for endpoint in reached { add(.cancel(reason), of: conversation, to: endpoint, until: now + .seconds(60), now) }
        return reached.count
    }

    private mutating func add(
        _ kind: ClaimedPush.Kind, of conversation: ConversationID, to endpoint: PushEndpoint, until expires: Duration,
        _ now: Duration
    ) {
        lastNumber += 1
        rows[lastNumber] = Row(
            number: lastNumber, conversation: conversation, kind: kind, endpoint: endpoint, expires: expires, due: now,
            written: now)
    }

    private mutating func end(_ number: Int64, _ state: State, _ note: String) {
        rows[number]?.state = state
        rows[number]?.note = note
    }

    // MARK: Endpoints

    /// - Throws: `PushOutboxError.tooManyEndpoints`.
    public mutating func register(_ endpoint: PushEndpoint, maximumPerUser: Int) throws(PushOutboxError) {
        let others = endpoints.values.count { $0.user == endpoint.user && $0.id != endpoint.id }
        guard others < maximumPerUser else { throw .tooManyEndpoints(maximumPerUser) }
        endpoints[endpoint.id] = endpoint
    }

    public mutating func remove(_ id: PushEndpointID, of user: UserID) -> Bool {
        guard endpoints[id]?.user == user else { return false }
        endpoints[id] = nil
        return true
    }

    public func endpoints(of user: UserID) -> [PushEndpoint] {
        endpoints.values.filter { $0.user == user }.sorted { $0.id.text < $1.id.text }
    }

    // MARK: The dispatcher's part

    public mutating func claim(limit: Int, lease: Duration, by node: Incarnation, at now: Duration) -> [ClaimedPush] {
        let due = rows.values.filter { $0.state == .waiting && $0.due <= now }
            .sorted { ($0.due, $0.number) < ($1.due, $1.number) }
            .prefix(max(0, limit))
        var claimed: [ClaimedPush] = []
        for row in due {
            if row.expires <= now {
                end(row.number, .dead, row.note.map { "expired; before that: \($0)" } ?? "expired")
            } else if endpoints[row.endpoint.id]?.user != row.endpoint.user {
                end(row.number, .dropped, "the endpoint was removed")
            } else {
                rows[row.number]?.claimedBy = node
                rows[row.number]?.due = now + lease
                rows[row.number]?.attempts += 1
                claimed.append(
                    ClaimedPush(
                        number: row.number, conversation: row.conversation, kind: row.kind, endpoint: row.endpoint,
                        expiresIn: row.expires - now, attempts: row.attempts))
            }
        }
        return claimed.sorted { $0.number < $1.number }
    }

    public mutating func settle(_ settlements: [PushSettlement], by node: Incarnation, at now: Duration) {
        for settlement in settlements {
            guard let row = rows[settlement.number], row.claimedBy == node else { continue }
            if case .endpointGone = settlement.outcome { _ = remove(row.endpoint.id, of: row.endpoint.user) }
            guard row.state == .waiting else { continue }
            switch settlement.outcome {
            case .taken: rows[row.number]?.state = .taken
            case .postponed(let pause, let reason):
                rows[row.number]?.due = now + pause
                rows[row.number]?.claimedBy = nil
                rows[row.number]?.note = reason
            case .dead(let reason), .endpointGone(let reason): end(row.number, .dead, reason)
            }
        }
    }

    public func nextDue(at now: Duration) -> Duration? {
        rows.values.filter { $0.state == .waiting }.map { max($0.due - now, .zero) }.min()
    }

    public func deadLetters(limit: Int) -> [DeadPush] {
        rows.values.filter { $0.state == .dead }.sorted { $0.number > $1.number }.prefix(max(0, limit)).map { row in
            DeadPush(
                number: row.number, conversation: row.conversation, user: row.endpoint.user, endpoint: row.endpoint.id,
                provider: row.endpoint.provider, attempts: row.attempts, reason: row.note ?? "")
        }
    }

    /// Deletes what was written before, at most `limit` rows.
    mutating func collect(writtenBefore time: Duration, limit: Int) {
        for number in rows.keys.sorted().prefix(limit) {
            if let written = rows[number]?.written, written < time { rows[number] = nil }
        }
    }
}
