import SwitchboardProtocol

/// Names a call object of this device for as long as it lives, while its conversation may become another one (glare).
package struct CallHandle: Hashable, Sendable {
    let number: UInt64
}

/// The calls of this device as a value: which conversation belongs to which, when one is shown to the user, and what
/// becomes of two calls between the same people. What the session, the user, the peer connections and time do goes in;
/// what to do comes out, in order.
package struct CallBook: Sendable {
    package enum Output: Sendable, Equatable {
        /// Of this call; to be taken by the session. If it takes it not, `notTaken`.
        case send(WireMessage, in: ConversationID, of: CallHandle)
        /// An answer, if the command has one, is `answered`.
        case command(PeerID, PeerCommand)
        case notify(CallHandle, CallEvent)
        case tell(News)
        case schedule(Timer, after: Duration)
        case cancel(Timer)
        /// Ask the server for fresh ICE servers, if there is a connection.
        case requestIceServers
        /// Ask the server for this conversation with the next `hello`.
        case learn(ConversationID)
        /// The call of a push; nil: it is over.
        case settle(push: ConversationID, CallHandle?)
    }

    /// What is told about all calls.
    package enum News: Sendable, Equatable {
        /// A call rings here, and the user should see it.
        case incoming(CallHandle)
        /// A call of before the application was started anew goes on.
        case resumed(CallHandle)
        /// A call came while this device was in one, and was told so.
        case busy(CallHandle)
        /// The calls that go on on other devices have changed.
        case elsewhere
    }

    package enum Timer: Hashable, Sendable {
        case peer(PeerID, PeerTimer)
        case restart(CallHandle)
        case giveUp(CallHandle)
        /// The ICE servers are not fresh any more.
        case iceServersAge
        /// Whoever waits for ICE servers goes on with what there is.
        case iceServersDue
        /// A push whose call the server has not told of.
        case push(ConversationID)
    }

    /// What has come so recently need not be asked for again; the server answers once in five seconds.
    static let freshness: Duration = .seconds(5)
    /// A dead connection cannot answer.
    static let patienceForServers: Duration = .seconds(2)
    /// A connection that stands brings an invite sooner than any push.
    static let patienceForPush: Duration = .seconds(5)
    /// Calls that are over are kept to recognise what comes late, and to know what goes on elsewhere.
    static let endedKept = 64

    let device: DeviceID
    let options: CallOptions
    var calls: [CallHandle: CallMachine] = [:]
    /// Present ids.
    var handles: [ConversationID: CallHandle] = [:]
    /// In the order in which they began.
    var order: [CallHandle] = []
    var lastHandle: UInt64 = 0
    /// Incoming calls that are not shown yet: they may be over already, or be the other half of a return call.
    var unshown: [CallHandle] = []
    var running: [ConversationID: CallElsewhere] = [:]
    /// Those of them that the present connection has not told of.
    var unconfirmed: Set<ConversationID> = []
    /// Calls that a push has told of, until it is known whether they still stand.
    var pushed: Set<ConversationID> = []
    var isSynchronized = false
    var iceServers: [IceServer] = []
    var areIceServersFresh = false
    var waitingForServers: [CallHandle] = []
    var generator: any RandomNumberGenerator & Sendable

    package init(
        device: DeviceID, options: CallOptions = CallOptions(),
        generator: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        self.device = device
        self.options = options
        self.generator = generator
    }

    /// Calls that have not ended.
    package var live: [CallHandle] { order.filter { calls[$0]?.state.hasEnded == false } }
    /// Calls of this user that go on on other devices.
    package var elsewhere: [CallElsewhere] { running.values.sorted { $0.id < $1.id } }

    func handle(of id: ConversationID) -> CallHandle? { handles[id] }

    func machine(_ handle: CallHandle) -> CallMachine? { calls[handle] }

    // MARK: - What the user decides

    /// Calls a user.
    mutating func place(_ callee: String, _ media: CallMedia) -> (CallHandle, CallMachine, [Output]) {
        let machine = CallMachine.outgoing(newID(), to: callee, media, around)
        let handle = add(machine)
        return (handle, machine, settled(run(handle) { $0.placed() }))
    }

    /// Fetches a call from another device of this user.
    mutating func takeOver(_ id: ConversationID, _ media: CallMedia) throws(CallError)
        -> (CallHandle, CallMachine, [Output])
    {
        guard let call = running[id], handles[id].flatMap({ calls[$0] })?.state.hasEnded != false else {
            throw .notElsewhere
        }
        let machine = CallMachine.takingOver(call, media, around)
        let handle = add(machine)
        return (handle, machine, settled(run(handle) { $0.takeOver() }))
    }

    package mutating func accept(_ handle: CallHandle, _ media: CallMedia) throws(CallError) -> [Output] {
        try decide(handle) { machine throws(CallError) in try machine.accept(media) }
    }

    package mutating func hangUp(_ handle: CallHandle, _ reason: EndReason = .hangup) -> [Output] {
        settled(run(handle) { $0.hangUp(reason) })
    }

    package mutating func ignore(_ handle: CallHandle) throws(CallError) -> [Output] {
        try decide(handle) { machine throws(CallError) in try machine.ignore() }
    }

    package mutating func busy(_ handle: CallHandle) throws(CallError) -> [Output] {
        try decide(handle) { machine throws(CallError) in try machine.busy() }
    }

    package mutating func sendMedia(_ handle: CallHandle, _ media: CallMedia) throws(CallError) -> [Output] {
        try decide(handle) { machine throws(CallError) in try machine.sendMedia(media) }
    }

    package mutating func announce(_ handle: CallHandle, _ media: MediaState) -> [Output] {
        settled(run(handle) { $0.announce(media) })
    }

    package mutating func sendInfo(_ handle: CallHandle, type: String, body: String) throws(CallError) -> [Output] {
        try decide(handle) { machine throws(CallError) in try machine.sendInfo(type: type, body: body) }
    }

    package mutating func restartICE(_ handle: CallHandle) -> [Output] {
        settled(run(handle) { $0.restartICE() })
    }

    /// The network is another, or back.
    package mutating func networkChanged() -> [Output] {
        settled(live.flatMap { run($0) { $0.networkChanged() } })
    }

    mutating func decide(
        _ handle: CallHandle, _ input: (inout CallMachine) throws(CallError) -> [CallMachine.Output]
    ) throws(CallError) -> [Output] {
        guard var machine = calls[handle] else { throw .wrongState }
        let outputs = try input(&machine)
        calls[handle] = machine
        return settled(map(handle, outputs))
    }

    // MARK: - What happens to peer connections and time

    package mutating func answered(_ peer: PeerID, _ answer: PeerAnswer) -> [Output] {
        settled(run(peer) { $0.answered(peer, answer) })
    }

    package mutating func happened(_ peer: PeerID, _ event: PeerConnectionEvent) -> [Output] {
        settled(run(peer) { $0.happened(peer, event) })
    }

    package mutating func timerFired(_ timer: Timer) -> [Output] {
        switch timer {
        case .peer(let peer, let timer): return settled(run(peer) { $0.timerFired(.peer(peer, timer)) })
        case .restart(let handle): return settled(run(handle) { $0.timerFired(.restart) })
        case .giveUp(let handle): return settled(run(handle) { $0.timerFired(.giveUp) })
        case .iceServersAge:
            areIceServersFresh = false
            return []
        case .iceServersDue: return settled(goOnWithServers())
        case .push(let id): return settle(push: id)
        }
    }

    /// The session could not take a message.
    package mutating func notTaken(_ message: WireMessage, of handle: CallHandle, _ refusal: SendRefusal) -> [Output] {
        settled(run(handle) { $0.notTaken(message, refusal) })
    }

    // MARK: - Machines

    var around: CallMachine.Surroundings {
        CallMachine.Surroundings(iceServers: iceServers, generator: generator, times: options.recovery)
    }

    mutating func newID() -> ConversationID { ConversationID.random(using: &generator) }

    mutating func add(_ machine: CallMachine) -> CallHandle {
        lastHandle += 1
        let handle = CallHandle(number: lastHandle)
        calls[handle] = machine
        handles[machine.id] = handle
        order.append(handle)
        forgetEnded()
        return handle
    }

    mutating func forgetEnded() {
        let ended = order.filter { calls[$0]?.state.hasEnded != false }
        for handle in ended.prefix(max(0, ended.count - Self.endedKept)) {
            if let id = calls.removeValue(forKey: handle)?.id, handles[id] == handle { handles[id] = nil }
            order.removeAll { $0 == handle }
        }
    }

    mutating func run(_ peer: PeerID, _ input: (inout CallMachine) -> [CallMachine.Output]) -> [Output] {
        run(peer.call, input)
    }

    mutating func run(_ id: ConversationID, _ input: (inout CallMachine) -> [CallMachine.Output]) -> [Output] {
        guard let handle = handles[id] else { return [] }
        return run(handle, input)
    }

    mutating func run(_ handle: CallHandle, _ input: (inout CallMachine) -> [CallMachine.Output]) -> [Output] {
        guard var machine = calls[handle] else { return [] }
        let outputs = input(&machine)
        calls[handle] = machine
        return map(handle, outputs)
    }

    mutating func map(_ handle: CallHandle, _ outputs: [CallMachine.Output]) -> [Output] {
        outputs.flatMap { map(handle, $0) }
    }

    mutating func map(_ handle: CallHandle, _ output: CallMachine.Output) -> [Output] {
        switch output {
        case .send(let message, let id): return [.send(message, in: id, of: handle)]
        case .command(let peer, let command): return [.command(peer, command)]
        case .notify(let event): return [.notify(handle, event)]
        case .schedule(let timer, let delay): return [.schedule(timer.of(handle), after: delay)]
        case .cancel(let timer): return [.cancel(timer.of(handle))]
        case .wantFreshIceServers: return wantFreshServers(handle)
        case .callAgain: return callAgain(handle)
        case .ended: return []
        }
    }
}

extension CallTimer {
    fileprivate func of(_ handle: CallHandle) -> CallBook.Timer {
        switch self {
        case .peer(let peer, let timer): .peer(peer, timer)
        case .restart: .restart(handle)
        case .giveUp: .giveUp(handle)
        }
    }
}
