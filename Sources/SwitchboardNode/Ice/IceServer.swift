/// STUN or TURN servers that clients get, as configured.
public struct IceServer: Sendable, Equatable {
    /// What a client shows to be let in.
    public enum Access: Sendable, Equatable {
        /// Nothing: STUN.
        case open
        /// The same name and password for everybody, for ever.
        case fixed(username: String, credential: Secret)
        /// A name and a password that are made for each user and expire. The first secret signs; the others are such as the
        /// TURN server still takes while a secret is being replaced.
        case timeLimited(first: Secret, others: [Secret])
    }

    /// Checked to be such as browsers take (`IceServerURL`).
    public var urls: [String]
    public var access: Access

    public init(urls: [String], access: Access) {
        self.urls = urls
        self.access = access
    }
}
