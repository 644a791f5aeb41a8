import NIOConcurrencyHelpers
public import SwitchboardCore

/// Figures of this node's pushes, by provider.
public final class PushMetrics: Sendable {
    public struct Values: Sendable, Equatable {
        /// In this node's hands, without an answer yet.
        public var waiting = 0
        /// Taken over by the provider.
        public var taken: UInt64 = 0
        /// Attempts that are worth another one.
        public var postponed: UInt64 = 0
        /// Given up, gone endpoints included.
        public var dead: UInt64 = 0

        public init() {}
    }

    private let values: NIOLockedValueBox<[PushProviderKind: Values]>

    init(kinds: some Sequence<PushProviderKind>) {
        values = NIOLockedValueBox(
            Dictionary(kinds.map { ($0, Values()) }, uniquingKeysWith: { first, _ in first }))
    }

    public var current: [PushProviderKind: Values] { values.withLockedValue { $0 } }

    func change(_ kind: PushProviderKind, _ body: (inout Values) -> Void) {
        values.withLockedValue { body(&$0[kind, default: Values()]) }
    }
}
