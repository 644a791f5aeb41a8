import NIOCore
import NIOWebSocket

/// Puts messages together from fragments (RFC 6455 §5.4), within bounds. Pure.
///
/// NIO's decoder bounds one frame; a message of many fragments, or of endless empty ones, has to be bounded here.
struct MessageAssembler {
    enum Kind: Equatable {
        case text
        case binary
    }

    enum Failure: Error, Equatable {
        case messageTooLarge
        case tooManyFragments
        /// A continuation without a beginning, or a new message inside another.
        case outOfOrder
    }

    private struct Partial {
        var kind: Kind
        var bytes: [UInt8]
        var fragments: Int
    }

    private let maxBytes: Int
    private let maxFragments: Int
    private var partial: Partial?

    init(maxBytes: Int, maxFragments: Int) {
        self.maxBytes = maxBytes
        self.maxFragments = maxFragments
    }

    /// - Parameter kind: nil for a continuation frame.
    /// - Returns: the message that this frame completes, if it does.
    mutating func frameReceived(
        kind: Kind?, isFinal: Bool, payload: ByteBuffer
    ) throws(Failure) -> (kind: Kind, bytes: [UInt8])? {
        let length = (partial?.bytes.count ?? 0) + payload.readableBytes
        guard length <= maxBytes else { throw .messageTooLarge }
        switch (kind, partial) {
        case (let kind?, nil) where isFinal:
            return (kind, Array(buffer: payload))
        case (let kind?, nil):
            partial = Partial(kind: kind, bytes: Array(buffer: payload), fragments: 1)
            return nil
        case (nil, .some):
            guard let message = try append(payload, isFinal: isFinal) else { return nil }
            return (message.kind, message.bytes)
        case (nil, nil), (.some, .some):
            throw .outOfOrder
        }
    }

    private mutating func append(_ payload: ByteBuffer, isFinal: Bool) throws(Failure) -> Partial? {
        partial?.bytes.append(contentsOf: payload.readableBytesView)
        partial?.fragments += 1
        guard let grown = partial else { return nil }
        guard grown.fragments <= maxFragments else { throw .tooManyFragments }
        guard isFinal else { return nil }
        partial = nil
        return grown
    }
}
