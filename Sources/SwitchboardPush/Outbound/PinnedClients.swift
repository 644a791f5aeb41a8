import AsyncHTTPClient

/// HTTP clients, each for one host at one checked address, with the connections that it keeps open.
///
/// A client connects to its address only, and still asks for, and checks, the certificate of the host.
actor PinnedClients {
    struct Pin: Hashable {
        var host: String
        var address: IPAddress
    }

    private struct Entry {
        var client: HTTPClient
        var uses = 0
        /// Order of the last use.
        var turn: UInt64 = 0
    }

    private let capacity: Int
    private let make: @Sendable (Pin) -> HTTPClient
    private var entries: [Pin: Entry] = [:]
    private var turn: UInt64 = 0
    private var isClosed = false

    init(capacity: Int, make: @escaping @Sendable (Pin) -> HTTPClient) {
        self.capacity = capacity
        self.make = make
    }

    /// Uses a client, making it if there is none.
    ///
    /// - Throws: `OutboundError.failed` if too many are in use, and what the body throws.
    func use<Result: Sendable>(
        _ pin: Pin, _ body: @Sendable (HTTPClient) async throws(OutboundError) -> Result
    ) async throws(OutboundError) -> Result {
        let client = try await begin(pin)
        let result: Swift.Result<Result, OutboundError>
        do throws(OutboundError) {
            result = .success(try await body(client))
        } catch {
            result = .failure(error)
        }
        entries[pin]?.uses -= 1
        return try result.get()
    }

    /// Ends all connections; requests under way fail.
    func close() async {
        isClosed = true
        let clients = entries.values.map(\.client)
        entries = [:]
        for client in clients { try? await client.shutdown() }
    }

    private func begin(_ pin: Pin) async throws(OutboundError) -> HTTPClient {
        guard !isClosed else { throw .failed("the node is leaving") }
        turn += 1
        var retired: HTTPClient?
        var entry: Entry
        if let known = entries[pin] {
            entry = known
        } else {
            retired = try makeRoom()
            entry = Entry(client: make(pin))
        }
        entry.uses += 1
        entry.turn = turn
        entries[pin] = entry
        // After the new entry is in its place, for others come in while this waits.
        try? await retired?.shutdown()
        return entry.client
    }

    /// - Returns: a client that is nobody's any more; the one that has been unused for longest.
    private func makeRoom() throws(OutboundError) -> HTTPClient? {
        guard entries.count >= capacity else { return nil }
        let idle = entries.filter { $0.value.uses == 0 }.min { $0.value.turn < $1.value.turn }
        guard let idle else { throw .failed("requests to \(capacity) hosts are under way already") }
        return entries.removeValue(forKey: idle.key)?.client
    }
}
