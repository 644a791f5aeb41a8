import SwitchboardProtocol
import Testing

@Suite struct CodesTests {
    @Test func clientsComeBackAfterWhatInvitesThem() {
        #expect(CloseCode.serviceRestart.invitesReconnect)
        #expect(CloseCode.tokenExpired.invitesReconnect)
        #expect(!CloseCode.replaced.invitesReconnect)
        #expect(!CloseCode.badToken.invitesReconnect)
        #expect(!CloseCode.messageTooBig.invitesReconnect)
    }

    @Test func errorsSayWhetherToSendAgain() {
        let error = WireServerFrame.error(.overloaded, number: 4, retryAfter: .milliseconds(1500)).error
        #expect(!error.permanent)
        #expect(error.retryAfterMs == 1500)
        #expect(error.number == 4)
        let refusal = WireServerFrame.error(.numberReused, number: 4, retryAfter: .seconds(1)).error
        #expect(refusal.permanent)
        #expect(refusal.retryAfterMs == 0)
        #expect(!refusal.message.isEmpty)
    }

    @Test func namesAreWrittenWithUnderscores() {
        for name in ErrorName.allCases.map(\.rawValue) + EndReason.allCases.map(\.rawValue) {
            #expect(name.allSatisfy { $0.isLowercase || $0 == "_" }, "\(name)")
        }
    }
}
