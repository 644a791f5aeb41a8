import SwitchboardCore
import SwitchboardProtocol
import Testing

@testable import SwitchboardNode

@Suite("ClaimPolicy")
struct ClaimPolicyTests {
    private func verdict(_ permission: CallPermission?, allowsWithoutClaim: Bool = false) async -> CallVerdict {
        await ClaimPolicy(allowsWithoutClaim: allowsWithoutClaim).verdict(
            on: ProposedCall(
                conversation: ConversationID(high: 1, low: 2), caller: UserID(trusted: "alice"), callee: "team/bob",
                media: WireMedia(), mayCall: permission))
    }

    @Test("As the token says")
    func claim() async {
        #expect(await verdict(.everyone) == .allowed)
        #expect(await verdict(CallPermission(["team/*"])) == .allowed)
        #expect(await verdict(CallPermission(["team/bob"])) == .allowed)
        #expect(await verdict(CallPermission(["team"])) == .refused)
        #expect(await verdict(.nobody, allowsWithoutClaim: true) == .refused)
    }

    @Test("If it says nothing, as configured")
    func noClaim() async {
        #expect(await verdict(nil) == .refused)
        #expect(await verdict(nil, allowsWithoutClaim: true) == .allowed)
    }
}
