import ClientTestSupport
import SwitchboardClient

extension SwitchboardClient {
    /// The first event that fits, within some seconds.
    nonisolated func event<Result: Sendable>(
        where match: @escaping @Sendable (SessionEvent) -> Result?
    ) async throws -> Result {
        try await within { [events] in
            for await event in events {
                if let result = match(event) { return result }
            }
            throw DeadlineMissed()
        }
    }
}
