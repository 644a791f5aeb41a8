import SwitchboardCore

/// Who may call whom stands in the caller's token: whoever signs the tokens decides.
struct ClaimPolicy: CallPolicy {
    /// Whether somebody whose token says nothing may call everybody, or nobody.
    let allowsWithoutClaim: Bool

    func verdict(on call: ProposedCall) async -> CallVerdict {
        let permission = call.mayCall ?? (allowsWithoutClaim ? .everyone : .nobody)
        return permission.allows(call.callee) ? .allowed : .refused
    }
}
