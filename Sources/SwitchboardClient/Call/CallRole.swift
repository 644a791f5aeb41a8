/// Which side of a call a user is, whatever device he is at.
public enum CallRole: String, Sendable {
    case caller, callee
}
