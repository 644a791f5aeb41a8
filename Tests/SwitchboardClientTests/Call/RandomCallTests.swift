import ClientTestSupport
import SwitchboardProtocol
import SwitchboardTestKit
import Testing

@testable import SwitchboardClient

/// People who do all kinds of things at random, in a cluster with faults. Whatever they do: the libraries are asked for
/// nothing that they would refuse, both ends of a call agree about it, and every call comes to an end.
@Suite("Calls at random, with faults")
struct RandomCallTests {
    /// What one person and his device do next.
    private func act(_ phone: SimulatedPhone, _ others: [String], _ world: SimulatedPhones) {
        let random = world.cluster.random
        let live = phone.book.live
        let handle = random.pick(live)
        switch random.number(0...19) {
        case 0...2 where live.isEmpty:
            phone.call(random.pick(others) ?? "bob", random.chance(0.5) ? .audio : .audioVideo)
        case 0...6: if let handle { try? phone.accept(handle, random.chance(0.5) ? .audio : .audioVideo) }
        case 7: if let handle { phone.hangUp(handle) }
        case 8: if let handle { try? phone.ignore(handle) }
        case 9: if let handle { try? phone.sendMedia(handle, random.chance(0.5) ? .audio : .audioVideo) }
        case 10: if let handle { phone.announce(handle, MediaState(audioMuted: random.chance(0.5))) }
        case 11: if let handle { try? phone.sendInfo(handle, "hello") }
        case 12: if let call = random.pick(phone.book.elsewhere) { _ = try? phone.takeOver(call.id) }
        case 13: phone.networkChanged()
        default: break
        }
    }

    private func disturb(_ world: SimulatedPhones) {
        let random = world.cluster.random
        switch random.number(0...29) {
        case 0: world.breakPaths()
        case 1: random.pick(world.phones)?.client.breakSocket(nodeNotices: .milliseconds(200))
        case 2: random.pick(world.phones)?.restart()
        case 3:
            guard let name = random.pick(["a", "b", "c"]) else { return }
            world.cluster.crash(name)
            world.cluster.time.after(.seconds(2)) { [weak cluster = world.cluster] in cluster?.restart(name) }
        default: break
        }
    }

    @Test("everybody agrees, and all comes to an end", arguments: 1...12)
    func agree(seed: UInt64) throws {
        let world = SimulatedPhones(seed: seed)
        defer { world.stop() }
        let people = ["alice": ["phone", "laptop"], "bob": ["phone", "tablet"], "carol": ["phone"]]
        for (user, devices) in people.sorted(by: { $0.key < $1.key }) {
            for device in devices { _ = world.add(user, device) }
        }
        world.pass(.seconds(1))
        for _ in 0..<150 {
            guard let phone = world.cluster.random.pick(world.phones) else { break }
            act(phone, people.keys.filter { $0 != phone.client.address.user.text }.sorted(), world)
            disturb(world)
            world.pass(world.cluster.random.duration(.milliseconds(5)...(.milliseconds(900))))
        }
        // Quiet: what is under way comes to rest. Nobody picks up any more, so that ringing times out.
        world.pass(.seconds(75))
        #expect(world.media.faults == [])
        for phone in world.phones {
            for handle in phone.book.live { expectAgreement(phone, handle, world) }
        }
        for phone in world.phones { for handle in phone.book.live { phone.hangUp(handle) } }
        #expect(
            world.wait(.seconds(30)) { world.phones.allSatisfy { leftovers($0).isEmpty } },
            "\(world.phones.flatMap(leftovers).joined(separator: "\n"))")
        #expect(world.media.faults == [])
    }

    /// What has not come to an end.
    private func leftovers(_ phone: SimulatedPhone) -> [String] {
        let name = "\(phone.client.address)"
        let live = phone.book.live.map {
            "\(name) has \(phone.machine($0)?.id.description ?? "") \(phone.state($0) as Any)"
        }
        let elsewhere = phone.book.elsewhere.map {
            "\(name) sees \($0.id) at \($0.device):\n\(phone.story(of: $0.id))"
        }
        return live + elsewhere + (phone.client.isOutboxEmpty ? [] : ["\(name) has something to send"])
    }

    /// The other end has the same call, its media, and the same pictures.
    private func expectAgreement(_ phone: SimulatedPhone, _ handle: CallHandle, _ world: SimulatedPhones) {
        guard let machine = phone.machine(handle) else { return }
        let name = "\(phone.client.address): \(machine.state)"
        #expect(machine.state == .active && phone.hasMedia(handle), "\(name)")
        let others = world.phones.filter { other in
            other !== phone
                && other.book.live.contains { other.machine($0)?.id == machine.id && other.state($0) == .active }
        }
        #expect(others.count == 1, "\(name) with \(others.map(\.client.address))")
        guard let other = others.first,
            let theirs = other.book.live.first(where: { other.machine($0)?.id == machine.id })
        else { return }
        #expect(other.client.address.user.text == machine.peer)
        #expect(other.machine(theirs)?.remoteMedia == machine.localMedia)
        #expect(phone.code(handle) != nil && phone.code(handle) == other.code(theirs), "\(name)")
    }
}
