import SwitchboardProtocol
import Testing

@testable import SwitchboardCore

@Suite struct MembershipTests {
    private let names = ["a.1", "b.1", "c.1", "d.1", "e.1"].map { Incarnation(trusted: $0) }

    private func members(_ names: [Incarnation], marked: [Incarnation: NodeMarker] = [:]) -> [Incarnation: NodeMember] {
        Dictionary(
            uniqueKeysWithValues: names.map { name in
                (
                    name,
                    NodeMember(
                        address: PeerAddress(host: "h", port: 1), datacenter: "x", featureLevel: 1, software: "s",
                        markers: marked[name].map { [$0] } ?? [])
                )
            })
    }

    @Test func nobodyIsClaimableBeforeTheMembersAreKnown() {
        var membership = Membership(incarnation: names[0])
        #expect(!membership.isClaimable(names[1]))
        _ = membership.changed(to: members([names[0]]))
        #expect(membership.isClaimable(names[1]))
        #expect(!membership.isClaimable(names[0]))
    }

    @Test func whoLeavesOrIsMarkedIsLost() {
        var membership = Membership(incarnation: names[0])
        _ = membership.changed(to: members(names))
        #expect(
            membership.changed(to: members(Array(names.dropLast()), marked: [names[1]: .noStore])) == [
                names[1], names[4],
            ])
        #expect(membership.isClaimable(names[1]))
        #expect(membership.living == [names[0], names[2], names[3]])
    }

    /// Only with a majority of the registered nodes may somebody's end be acted on before his registration ends.
    @Test func theFastPathNeedsAMajority() {
        var membership = Membership(incarnation: names[0])
        _ = membership.changed(to: members(names))
        membership.linkDown(names[4], isGone: true)
        #expect(!membership.mayClaimAtOnce(from: names[4]))
        membership.linkUp(names[1])
        #expect(!membership.mayClaimAtOnce(from: names[4]))  // two of five
        membership.linkUp(names[2])
        #expect(membership.mayClaimAtOnce(from: names[4]))  // three of five
        #expect(!membership.mayClaimAtOnce(from: names[3]))  // not gone
        membership.linkUp(names[4])
        #expect(!membership.mayClaimAtOnce(from: names[4]))
    }

    @Test func aTimeOutIsNoEnd() {
        var membership = Membership(incarnation: names[0])
        _ = membership.changed(to: members(names))
        for name in names[1...3] { membership.linkUp(name) }
        membership.linkDown(names[4], isGone: false)
        #expect(!membership.mayClaimAtOnce(from: names[4]))
        membership.probed(names[4], isGone: true)
        #expect(membership.mayClaimAtOnce(from: names[4]))
    }

    @Test func presenceCountsWhileRegisteredOrLinked() {
        var membership = Membership(incarnation: names[0])
        _ = membership.changed(to: members([names[0], names[1]]))
        membership.linkUp(names[2])
        #expect(names[0...2].allSatisfy(membership.isPresent))
        #expect(!membership.isPresent(names[3]))
    }

    @Test func ranksShareTheWork() {
        var membership = Membership(incarnation: names[2])
        _ = membership.changed(to: members(names))
        #expect(membership.rank == (2, 5))
    }
}
