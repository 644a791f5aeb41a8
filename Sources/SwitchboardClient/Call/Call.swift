public import SwitchboardProtocol
import Synchronization

/// One call, on this device. How it stands can be asked at any time and from anywhere; what the user decides returns when
/// the cluster has committed it.
public final class Call: Sendable {
    /// What happens, in order, for one reader. Bounded: of a reader that lags far behind the oldest events are lost, while
    /// the properties are always right. Ends when the call has ended.
    public let events: AsyncStream<CallEvent>

    let handle: CallHandle
    private let center: CallCenter
    private let continuation: AsyncStream<CallEvent>.Continuation
    private let facts: Mutex<Facts>

    private static let bufferedEvents = 1024

    struct Facts: Sendable {
        var id: ConversationID
        var role: CallRole
        var peer: String
        var media: CallMedia
        var state: CallState
        var remoteMedia: MediaState
        var localMedia: MediaState
        var isPeerReconnecting: Bool
        var securityCode: SecurityCode
        var peerConnection: (any PeerConnection)?

        init(_ machine: CallMachine, _ peerConnection: (any PeerConnection)?) {
            id = machine.id
            role = machine.role
            peer = machine.peer
            media = machine.media
            state = machine.state
            remoteMedia = machine.remoteMedia
            localMedia = machine.localMedia
            isPeerReconnecting = machine.isPeerReconnecting
            securityCode = machine.securityCode
            self.peerConnection = peerConnection
        }
    }

    init(_ handle: CallHandle, _ machine: CallMachine, center: CallCenter) {
        self.handle = handle
        self.center = center
        facts = Mutex(Facts(machine, nil))
        (events, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(Self.bufferedEvents))
    }

    // MARK: - How it stands

    /// Changes with the event `glare` only.
    public var id: ConversationID { facts.withLock { $0.id } }
    /// Changes with the event `glare` only.
    public var role: CallRole { facts.withLock { $0.role } }
    /// The user at the other end.
    public var peer: String { facts.withLock { $0.peer } }
    /// What the caller asked for.
    public var media: CallMedia { facts.withLock { $0.media } }
    public var state: CallState { facts.withLock { $0.state } }
    /// What the peer has switched off.
    public var remoteMedia: MediaState { facts.withLock { $0.remoteMedia } }
    /// What the peer has been told of this side.
    public var localMedia: MediaState { facts.withLock { $0.localMedia } }
    /// The peer's device has lost the media.
    public var isPeerReconnecting: Bool { facts.withLock { $0.isPeerReconnecting } }
    public var securityCode: SecurityCode { facts.withLock { $0.securityCode } }
    /// The application's own, in use for this call: for its tracks and its statistics. nil before there is one, and when
    /// the call has ended. Not to be negotiated with from outside.
    public var peerConnection: (any PeerConnection)? { facts.withLock { $0.peerConnection } }

    // MARK: - What the user decides

    /// Picks up, with these media (default: those that the caller asked for). Capturing begins now, and not before.
    ///
    /// Returns when the pickup is committed, which another device may have won meanwhile: `state` tells.
    public func accept(_ media: CallMedia? = nil) async throws(CallError) {
        try await center.decide(self) { book, handle throws(CallError) in
            try book.accept(handle, media ?? self.media)
        }
    }

    /// Cancels, declines or hangs up, whichever it is by now: here it is over at once, and told when the cluster hears of
    /// it. Without effect on a call that has ended.
    ///
    /// - Parameter reason: of a hangup; those that clients may give are `hangup`, `connectFailed`, `mediaLost`,
    ///   `mediaError` and `unsupported`.
    public func hangUp(_ reason: EndReason = .hangup) async throws(CallError) {
        try await center.decide(self) { book, handle throws(CallError) in book.hangUp(handle, reason) }
    }

    /// Is quiet here, and rings on on the user's other devices.
    public func ignore() async throws(CallError) {
        try await center.decide(self) { book, handle throws(CallError) in try book.ignore(handle) }
    }

    /// Tells the caller that this device is in a call already; others ring on.
    public func busy() async throws(CallError) {
        try await center.decide(self) { book, handle throws(CallError) in try book.busy(handle) }
    }

    /// Captures and sends these kinds from now on.
    public func send(_ media: CallMedia) async throws(CallError) {
        try await center.decide(self) { book, handle throws(CallError) in try book.sendMedia(handle, media) }
    }

    /// Tells the peer what is switched off on this side; to switch it off is the application's.
    public func announce(_ media: MediaState) async throws(CallError) {
        try await center.decide(self) { book, handle throws(CallError) in book.announce(handle, media) }
    }

    /// Sends a message of the application's own to the peer's device, once the call is picked up.
    public func sendInfo(type: String, body: String) async throws(CallError) {
        try await center.decide(self) { book, handle throws(CallError) in
            try book.sendInfo(handle, type: type, body: body)
        }
    }

    /// Looks for a new path for the media. The SDK does it by itself when packets cease to pass, and when the center is
    /// told of another network.
    public func restartICE() async throws(CallError) {
        try await center.decide(self) { book, handle throws(CallError) in book.restartICE(handle) }
    }

    // MARK: - From the center

    func happened(_ event: CallEvent, _ machine: CallMachine, _ peerConnection: (any PeerConnection)?) {
        let facts = Facts(machine, peerConnection)
        self.facts.withLock { $0 = facts }
        continuation.yield(event)
        if machine.state.hasEnded { continuation.finish() }
    }
}
