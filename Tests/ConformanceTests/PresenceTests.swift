import StoreTestSupport
import SwitchboardCore
import SwitchboardProtocol
import Testing

@Suite("store port: presence")
struct PresenceTests {
    private func row(_ user: String, _ device: String, _ node: StoreClient, _ connection: UInt64, counter: UInt32 = 1)
        -> PresenceRow
    {
        PresenceRow(
            key: PresenceKey(
                address: DeviceAddress(user: UserID(trusted: user), device: DeviceID(trusted: device)),
                incarnation: node.incarnation, connection: ConnectionID(connection)),
            counter: counter)
    }

    private func presence(of users: [String], _ node: StoreClient) async -> [String: Set<PresenceRow>]? {
        let result = await node.result(of: .readPresence(users.map(UserID.init(trusted:))))
        return result.presence.map { found in
            Dictionary(uniqueKeysWithValues: found.map { ($0.key.text, Set($0.value)) })
        }
    }

    @Test("rows come and go with their owner's word", arguments: StoreKind.allCases)
    func announceAndWithdraw(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, b in
            let phone = row("bob", "phone", a, .max)
            let laptop = row("bob", "laptop", b, 2, counter: .max)
            let other = row("carol", "phone", a, 3)
            #expect(await a.result(of: .announce([phone, other])).live?.isEmpty == true)
            #expect(await b.result(of: .announce([laptop])).live?.isEmpty == true)
            #expect(await presence(of: ["bob", "nobody"], a) == ["bob": [phone, laptop]])

            // Announced again (after a failover of the database): the same rows, with what has changed.
            let again = row("bob", "phone", a, .max, counter: 7)
            #expect(await a.result(of: .announce([phone, again])).live?.isEmpty == true)
            #expect(await presence(of: ["bob"], a) == ["bob": [again, laptop]])

            #expect(await b.result(of: .withdraw([laptop.key, row("bob", "phone", b, 9).key])).isDone)
            #expect(await presence(of: ["bob", "carol"], b) == ["bob": [again], "carol": [other]])
        }
    }

    @Test("the rows of an incarnation that is gone are forgotten together", arguments: StoreKind.allCases)
    func forget(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, b in
            let kept = row("bob", "laptop", b, 1)
            let rows = (0..<50).map { row("bob", "device \($0)", a, UInt64($0)) }
            #expect(await a.result(of: .announce(rows)).live != nil)
            #expect(await b.result(of: .announce([kept])).live != nil)
            #expect(await b.result(of: .forget(a.incarnation)).isDone)
            #expect(await presence(of: ["bob"], b) == ["bob": [kept]])
        }
    }

    @Test("a node finds its own rows, and whose rows there are", arguments: StoreKind.allCases)
    func owned(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, b in
            let rows = [row("bob", "phone", a, .max), row("carol", "pad", a, 2, counter: .max)]
            #expect(await a.result(of: .announce(rows)).live != nil)
            #expect(await b.result(of: .announce([row("bob", "laptop", b, 1)])).live != nil)
            let own = await a.result(of: .readOwnPresence(a.incarnation)).presence
            #expect(Set(own?.values.flatMap { $0 } ?? []) == Set(rows))
            guard case .incarnations(let present) = await a.result(of: .readPresentIncarnations) else {
                Issue.record("an answer of another kind")
                return
            }
            #expect(
                present.filter { [a.incarnation, b.incarnation].contains($0) }
                    == [a.incarnation, b.incarnation].sorted())
        }
    }

    @Test("who announces learns the users' live conversations", arguments: StoreKind.allCases)
    func liveConversations(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, b in
            let called = SampleLog(leader: a, caller: "alice", callee: "bob")
            let calling = SampleLog(leader: a, caller: "bob", callee: "carol")
            let toSelf = SampleLog(leader: a, caller: "bob", callee: "bob")
            let tombstone = SampleLog(leader: a, caller: "bob", callee: nil)
            var ended = SampleLog(leader: a, caller: "alice", callee: "bob")
            ended.row.isEnded = true
            let foreign = SampleLog(leader: a, caller: "alice", callee: "dave")
            let logs = [called, calling, toSelf, tombstone, ended, foreign]
            #expect(await a.commit(logs.map { $0.next(a) }).appends.allSatisfy { $0.day != nil })

            let live = try #require(
                await b.result(of: .announce([row("bob", "phone", b, 1), row("erin", "phone", b, 2)])).live)
            #expect(Set(live.keys.map(\.text)) == ["bob"])
            let expected: Set = [
                called.conversation, calling.conversation, toSelf.conversation, tombstone.conversation,
            ]
            let found = live[UserID(trusted: "bob")] ?? []
            #expect(Set(found) == expected)
        }
    }

    @Test("presence is read behind the commit that asks for it", arguments: StoreKind.allCases)
    func presenceBehindCommit(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, b in
            let phone = row("bob", "phone", b, 1)
            let carols = row("carol", "phone", b, 2)
            #expect(await b.result(of: .announce([phone, carols])).live != nil)
            var taken = SampleLog(leader: b)
            let first = taken.next(b)
            taken.note(first, try #require(await b.commit([first]).appends.first))

            let result = await a.commit([
                SampleLog(leader: a).next(a, presenceOf: ["bob", "dave", "nul\0"]),
                SampleLog(taken.conversation, leader: a).next(a, presenceOf: ["carol"]),
            ])
            #expect(result.appends.map { $0.day != nil } == [true, false])
            #expect(result.presence == [UserID(trusted: "bob"): [phone]])
        }
    }

    /// The wake-up that must not be lost: an invite is committed while its callee connects. Whoever comes second must see
    /// the first, whatever the interleaving; both may see each other.
    @Test("an invite and a device that connects never miss each other", arguments: StoreKind.allCases)
    func noLostWakeUp(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, b in
            for round in 0..<200 {
                let callee = "callee \(round)"
                let invite = SampleLog(leader: a, callee: callee).next(a, presenceOf: [callee])
                let device = row(callee, "phone", b, UInt64(round))
                async let committed = a.commit([invite])
                async let announced = b.result(of: .announce([device]))
                let (invited, live) = await (committed, announced)
                let callerSees = invited.presence?[UserID(trusted: callee)] == [device]
                let calleeSees = live.live?[UserID(trusted: callee)] == [invite.conversation]
                #expect(callerSees || calleeSees, "round \(round)")
            }
        }
    }

    @Test("data that cannot be kept is refused", arguments: StoreKind.refusing)
    func refused(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, _ in
            let result = await a.result(of: .announce([row("bob", "nul\0", a, 1), row("bob", "phone", a, 2)]))
            #expect(result.refusal != nil)
            #expect(await presence(of: ["bob"], a) == [:])
            #expect(await a.result(of: .probe).isDone)
        }
    }
}
