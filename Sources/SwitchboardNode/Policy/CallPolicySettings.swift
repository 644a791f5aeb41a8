/// Who may call whom, as configured.
public enum CallPolicySettings: Sendable, Equatable {
    case everyone
    /// The claim of this name in the caller's token says whom he may call.
    case claim(name: String, allowsWithoutClaim: Bool)
    /// A server of the operator's is asked.
    case hook(CallHookSettings)
}

/// The server that is asked who may call whom.
public struct CallHookSettings: Sendable, Equatable {
    /// `http` or `https`, with a host, without user and password.
    public var url: String
    /// Signs the questions.
    public var secret: Secret
    /// For one question altogether, waiting for its turn included.
    public var timeout: Duration = .seconds(2)
    /// Questions at a time.
    public var concurrency = 64
    /// What becomes of a call if there is no answer, or none that can be understood.
    public var allowsOnFailure = false
    /// PEM; nil: the roots of the system.
    public var rootsFile: String?

    public init(url: String, secret: Secret) {
        self.url = url
        self.secret = secret
    }
}
