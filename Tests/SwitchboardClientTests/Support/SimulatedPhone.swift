import ClientTestSupport
import SwitchboardProtocol
import SwitchboardTestKit

@testable import SwitchboardClient

/// A person's device in a simulated cluster, as complete as an application: the session, the calls, and peer connections
/// without media, all in virtual time.
final class SimulatedPhone {
    let client: SimulatedClient
    private unowned let world: SimulatedPhones
    private(set) var book: CallBook
    private var timers: [CallBook.Timer: UInt64] = [:]
    private var lastTimer: UInt64 = 0
    private var lives = 0
    private var options: CallOptions

    /// What the application was told of each call, in order.
    private(set) var events: [CallHandle: [CallEvent]] = [:]
    private(set) var news: [CallBook.News] = []
    /// What became of pushes.
    private(set) var settled: [ConversationID: CallHandle?] = [:]

    init(_ client: SimulatedClient, _ world: SimulatedPhones, options: CallOptions) {
        self.client = client
        self.world = world
        self.options = options
        book = CallBook(device: client.address.device, options: options)
        client.onEvent = { [weak self] event in self?.happened(event) }
    }

    // MARK: - A person

    @discardableResult
    func call(_ callee: String, _ media: CallMedia = .audioVideo) -> CallHandle {
        let (handle, _, outputs) = book.place(callee, media)
        perform(outputs)
        return handle
    }

    func accept(_ handle: CallHandle, _ media: CallMedia = .audioVideo) throws {
        perform(try book.accept(handle, media))
    }

    func hangUp(_ handle: CallHandle) { perform(book.hangUp(handle)) }
    func ignore(_ handle: CallHandle) throws { perform(try book.ignore(handle)) }
    func busy(_ handle: CallHandle) throws { perform(try book.busy(handle)) }
    func announce(_ handle: CallHandle, _ media: MediaState) { perform(book.announce(handle, media)) }
    func sendMedia(_ handle: CallHandle, _ media: CallMedia) throws { perform(try book.sendMedia(handle, media)) }
    func sendInfo(_ handle: CallHandle, _ body: String) throws {
        perform(try book.sendInfo(handle, type: "test", body: body))
    }
    func networkChanged() { perform(book.networkChanged()) }
    func pushReceived(_ id: ConversationID) { perform(book.pushReceived(id)) }

    @discardableResult
    func takeOver(_ id: ConversationID, _ media: CallMedia = .audioVideo) throws -> CallHandle {
        let (handle, _, outputs) = try book.takeOver(id, media)
        perform(outputs)
        return handle
    }

    /// The application ends without a word and starts again with what was stored.
    func restart() {
        world.closePeers(of: self)
        timers = [:]
        lives += 1
        book = CallBook(device: client.address.device, options: options)
        client.restart(keepsOutbox: true)
        for id in client.restoredInvites { client.send(.cancel, in: id) }
    }

    // MARK: - What is seen

    /// The calls that ring for the person, or did.
    var incoming: [CallHandle] { news.compactMap { if case .incoming(let handle) = $0 { handle } else { nil } } }

    func state(_ handle: CallHandle) -> CallState? { book.machine(handle)?.state }
    func machine(_ handle: CallHandle) -> CallMachine? { book.machine(handle) }

    /// Why it ended; nil: it goes on.
    func end(_ handle: CallHandle) -> String? {
        if case .ended(let end) = state(handle) { end.reason } else { nil }
    }

    /// Packets pass on the connection in use.
    func hasMedia(_ handle: CallHandle) -> Bool {
        machine(handle)?.negotiation.current.map { world.media.isConnected(name($0.id)) } ?? false
    }

    /// The pictures that the person sees.
    func code(_ handle: CallHandle) -> [SecurityPicture]? { machine(handle)?.securityCode.pictures }

    /// What is captured and sent on the connection in use.
    func sent(_ handle: CallHandle) -> CallMedia? {
        machine(handle)?.negotiation.current.flatMap { world.media[name($0.id)]?.media }
    }

    func name(_ peer: PeerID) -> String {
        "\(client.address.user)x\(client.address.device)x\(lives)x\(peer.call.description.prefix(8))x\(peer.session)"
    }

    // MARK: - The driver

    /// What the session told, to read after a failure.
    private(set) var story: [String] = []

    /// The part of the story that speaks of a call, and of the connection from its beginning on.
    func story(of id: ConversationID) -> String {
        let lines = story.drop { !$0.contains(id.description) }
        return lines.filter { $0.contains(id.description) || !$0.contains("-") }.joined(separator: "\n")
    }

    private func note(_ event: SessionEvent) {
        let line: String? =
            switch event {
            case .delivered(let id, let delivery): "\(id) got \(delivery.number) \(delivery.message.kind)"
            case .snapshot(let id, let snapshot):
                "\(id) snapshot \(snapshot.state) leg \(snapshot.leg) at \(snapshot.activeDevice) next \(snapshot.nextNumber)"
            case .dropped(let id, _, let error): "\(id) dropped \(error.name)"
            case .refused(let id, let number, let error, _): "\(id) refused \(number) \(error.name)"
            case .welcomed: "welcome"
            case .synchronized: "in sync"
            case .disconnected: "disconnected"
            default: nil
            }
        if let line { story.append("\(world.cluster.time.now.inMilliseconds) \(line)") }
    }

    func happened(_ event: SessionEvent) {
        note(event)
        perform(book.happened(event))
    }

    func happened(_ peer: PeerID, _ event: PeerConnectionEvent) {
        perform(book.happened(peer, event))
    }

    private func perform(_ outputs: [CallBook.Output]) {
        for output in outputs {
            switch output {
            case .send(let message, let id, let handle):
                if client.send(message, in: id) == nil {
                    perform(book.notTaken(message, of: handle, .outboxFull(limit: 0)))
                }
            case .command(let peer, let command): world.perform(command, of: peer, self)
            case .notify(let handle, let event): events[handle, default: []].append(event)
            case .tell(let one): news.append(one)
            case .schedule(let timer, let delay): schedule(timer, after: delay)
            case .cancel(let timer): timers[timer] = nil
            case .requestIceServers: client.requestIceServers()
            case .learn(let id): client.learn(id)
            case .settle(let id, let handle): settled[id] = .some(handle)
            }
        }
    }

    func answered(_ peer: PeerID, _ answer: PeerAnswer) {
        perform(book.answered(peer, answer))
    }

    private func schedule(_ timer: CallBook.Timer, after delay: Duration) {
        lastTimer += 1
        let mine = lastTimer
        timers[timer] = mine
        world.cluster.time.after(delay) { [weak self] in
            guard let self, timers[timer] == mine else { return }
            timers[timer] = nil
            perform(book.timerFired(timer))
        }
    }
}

/// Phones in a simulated cluster, and the network between their peer connections.
final class SimulatedPhones {
    let cluster: SimulatedCluster
    var media = FakeMedia()
    private var owners: [String: (phone: SimulatedPhone, peer: PeerID)] = [:]
    private(set) var phones: [SimulatedPhone] = []

    init(seed: UInt64 = 1, nodes: [String] = ["a", "b", "c"]) {
        cluster = SimulatedCluster(seed: seed, nodes: nodes)
    }

    func add(_ user: String, _ device: String, on nodes: [String] = [], options: CallOptions = CallOptions())
        -> SimulatedPhone
    {
        let phone = SimulatedPhone(cluster.addClient(user, device, on: nodes), self, options: options)
        phones.append(phone)
        return phone
    }

    /// Lets time pass until it is so.
    func wait(_ limit: Duration = .seconds(20), _ condition: () -> Bool) -> Bool {
        cluster.run(for: limit, until: condition)
    }

    func pass(_ time: Duration) {
        cluster.run(for: time)
    }

    func stop() {
        cluster.stop()
    }

    /// No path that is in use works any more.
    func breakPaths() {
        media.breakPaths()
        look()
    }

    func setDown(_ isDown: Bool) {
        media.setDown(isDown)
        look()
    }

    func closePeers(of phone: SimulatedPhone) {
        for (name, owner) in owners where owner.phone === phone {
            _ = try? media.with(name) { $0.close() }
            owners[name] = nil
        }
        look()
    }

    /// Commands take a while, as with a real library.
    func perform(_ command: PeerCommand, of peer: PeerID, _ phone: SimulatedPhone) {
        let name = phone.name(peer)
        if command == .close {
            _ = try? media.with(name) { $0.close() }
            return look()
        }
        if case .open(_, let offers) = command {
            media.make(name, offers: offers)
            owners[name] = (phone, peer)
        }
        cluster.time.after(cluster.random.duration(.milliseconds(1)...(.milliseconds(15)))) { [weak self, weak phone] in
            guard let self, let phone, owners[name] != nil else { return }
            let answer = answer(command, name)
            phone.answered(peer, answer)
            look()
        }
    }

    private func answer(_ command: PeerCommand, _ name: String) -> PeerAnswer {
        do {
            switch command {
            case .createOffer(let restarts):
                return .description(try media.with(name) { try $0.createOffer(restartingICE: restarts) })
            case .createAnswer: return .description(try media.with(name) { try $0.createAnswer() })
            case .setLocal(let description): tell(name, try media.with(name) { try $0.setLocal(description) })
            case .setRemote(let description): try media.with(name) { try $0.setRemote(description) }
            case .rollBack: try media.with(name) { try $0.rollBack() }
            case .add(let candidates): try media.with(name) { peer in for one in candidates { try peer.add(one) } }
            case .send(let kinds): tell(name, try media.with(name) { try $0.send(kinds) })
            case .readRemoteDigests:
                return .digests(media.partner(of: name).flatMap { media[$0] }.map { [$0.certificateDigest] })
            case .open, .setIceServers, .close: break
            }
            return .done
        } catch {
            return .failed("\(error)")
        }
    }

    private func look() {
        for (name, event) in media.look() { tell(name, [event]) }
    }

    private func tell(_ name: String, _ events: [PeerConnectionEvent]) {
        for (index, event) in events.enumerated() {
            cluster.time.after(.milliseconds(2 * (index + 1))) { [weak self] in
                guard let owner = self?.owners[name] else { return }
                owner.phone.happened(owner.peer, event)
            }
        }
    }
}
