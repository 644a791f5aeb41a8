/// The stable names of errors, as they stand in `error.name` on the wire, in logs and in the protocol document.
public enum ErrorName: String, Sendable, CaseIterable {
    // About the connection: the socket is closed after it.
    case badFrame = "bad_frame"
    case badToken = "bad_token"
    case tokenExpired = "token_expired"
    case helloExpected = "hello_expected"
    case helloTimeout = "hello_timeout"
    case invalidIdentifier = "invalid_identifier"
    case tooManyConversations = "too_many_conversations"
    case messageTooLarge = "message_too_large"
    case replaced = "replaced"
    case slowConsumer = "slow_consumer"
    case tooManyConnections = "too_many_connections"
    case demoRefused = "demo_refused"

    // About one send; permanent: the number is consumed, the message has no effect.
    case numberReused = "number_reused"
    case notFound = "not_found"
    case notAllowed = "not_allowed"
    case notSelected = "not_selected"
    case notYourTurn = "wrong_state"
    case candidatesInOffer = "candidates_in_offer"
    case invalidMessage = "invalid_message"
    case superseded = "superseded"
    case unsupported = "unsupported"
    case callLimit = "call_limit"

    // Temporary: nothing was consumed, send again from the number given.
    case gap = "gap"
    case overloaded = "overloaded"
    case storeUnavailable = "store_unavailable"
    case coordinatorUnavailable = "coordinator_unavailable"
    case leaderUnavailable = "leader_unavailable"
    case draining = "draining"
    case serverError = "server_error"

    /// True if nothing was consumed and the client shall send again.
    public var isTemporary: Bool {
        switch self {
        case .gap, .overloaded, .storeUnavailable, .coordinatorUnavailable, .leaderUnavailable, .draining,
            .serverError:
            true
        default: false
        }
    }

    /// What to do, in a sentence for people.
    public var advice: String {
        switch self {
        case .badFrame: "The frame is not of the negotiated subprotocol; see the protocol document."
        case .badToken: "The token's signature or claims are not accepted; get a new one."
        case .tokenExpired: "The token has expired; connect again with a new one."
        case .helloExpected: "The first frame must be `hello`, and it comes once."
        case .helloTimeout: "No `hello` came in time; send it right after connecting."
        case .invalidIdentifier: "Ids are 1 to 128 bytes of UTF-8 without control characters; call ids are UUIDs."
        case .tooManyConversations: "Name fewer conversations in `hello`; see welcome.limits."
        case .messageTooLarge: "The message is larger than welcome.limits.maxMessageBytes; make it smaller."
        case .replaced: "A newer connection of this device took over; do not reconnect."
        case .slowConsumer: "The client does not read fast enough; reconnect and resume."
        case .tooManyConnections: "This node has no room for more connections; reconnect later."
        case .demoRefused: "Demo tokens are only for localhost; configure authentication."
        case .numberReused: "This number was used for other content; numbers are given once."
        case .notFound: "There is no such conversation for you; drop its outbox."
        case .notAllowed: "The policy does not allow this call."
        case .notSelected: "Only the two selected devices may send this after pickup."
        case .notYourTurn: "The message does not fit the state of the call or your part in it."
        case .candidatesInOffer: "A description before pickup must hold no address: send createOffer's text."
        case .invalidMessage: "A field of the message is missing or out of range; see the protocol document."
        case .superseded: "A newer connection of this device uses another outbox; this one is closed."
        case .unsupported: "This server does not support the message."
        case .callLimit: "The call has reached its limit of messages or bytes; end it."
        case .gap: "A number is missing; send again from the number given."
        case .overloaded: "The server has more to do than it may queue; send again later."
        case .storeUnavailable: "The database does not answer; keep the message and send again later."
        case .coordinatorUnavailable: "No election can be held at the moment; send again later."
        case .leaderUnavailable: "The node that leads this call does not answer yet; send again later."
        case .draining: "This node is leaving; send again, another takes over."
        case .serverError: "The server failed on this conversation; an alarm names it; send again later."
        }
    }
}
