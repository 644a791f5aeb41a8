import SwitchboardCore
import SwitchboardProtocol

/// The links between nodes, as TCP has them: in order, delayed while a path is cut, broken only when somebody gives up or a
/// process ends.
final class PeerNetwork {
    /// One connection between two incarnations.
    private final class Link {
        let ends: (SimulatedNode, SimulatedNode)
        var isOpen = (true, true)
        var last: (Duration, Duration) = (.zero, .zero)
        /// What cannot get through for now, by direction.
        var stuck: ([[PeerPeerFrame]], [[PeerPeerFrame]]) = ([], [])

        init(_ ends: (SimulatedNode, SimulatedNode)) {
            self.ends = ends
        }

        func joins(_ left: Incarnation, _ right: Incarnation) -> Bool {
            (ends.0.incarnation == left && ends.1.incarnation == right)
                || (ends.0.incarnation == right && ends.1.incarnation == left)
        }
    }

    private struct Path: Hashable {
        var from: String
        var to: String
    }

    private let time: VirtualTime
    private let random: SeededGenerator
    private var links: [Link] = []
    private var wanted: [Incarnation: Set<Incarnation>] = [:]
    private var nodes: [Incarnation: SimulatedNode] = [:]
    private var cuts: Set<Path> = []

    /// How long a link may be silent before a side gives it up.
    var patience: ClosedRange<Duration> = .milliseconds(800)...(.milliseconds(2000))

    /// A mutant of a transport: frames vanish though the link stands, and nobody is told.
    var lostFrames = 0.0

    init(time: VirtualTime, random: SeededGenerator) {
        self.time = time
        self.random = random
    }

    // MARK: What a node's adapter does

    func setPeers(_ peers: [Incarnation: PeerAddress], of node: SimulatedNode) {
        nodes[node.incarnation] = node
        wanted[node.incarnation] = Set(peers.keys)
        for link in links where link.ends.0 === node || link.ends.1 === node {
            let other = link.ends.0 === node ? link.ends.1 : link.ends.0
            if peers[other.incarnation] == nil { close(link, isGone: false) }
        }
        for peer in peers.keys.sorted() {
            connect(node.incarnation, peer)
        }
    }

    private func connect(_ left: Incarnation, _ right: Incarnation) {
        guard let one = nodes[left], let other = nodes[right], one.isAlive, other.isAlive,
            wanted[left]?.contains(right) == true, wanted[right]?.contains(left) == true,
            !links.contains(where: { $0.joins(left, right) })
        else { return }
        guard !one.isFrozen, !other.isFrozen, !isCut(one, other), !isCut(other, one) else {
            return time.after(.milliseconds(250)) { [weak self] in self?.connect(left, right) }
        }
        let link = Link((one, other))
        links.append(link)
        let delay = random.duration(.milliseconds(1)...(.milliseconds(5)))
        link.last = (time.now + delay, time.now + delay)
        time.after(delay) {
            if link.isOpen.0 { one.received(.peer(.up(other.incarnation))) }
            if link.isOpen.1 { other.received(.peer(.up(one.incarnation))) }
        }
    }

    func send(_ frames: [PeerPeerFrame], from node: SimulatedNode, to peer: Incarnation) {
        guard let link = links.first(where: { $0.joins(node.incarnation, peer) }) else { return }
        let isFirst = link.ends.0 === node
        guard isFirst ? link.isOpen.0 : link.isOpen.1 else { return }
        let receiver = isFirst ? link.ends.1 : link.ends.0
        if lostFrames > 0, random.chance(lostFrames) { return }
        if isCut(node, receiver) {
            if isFirst { link.stuck.0.append(frames) } else { link.stuck.1.append(frames) }
            return
        }
        transmit(frames, on: link, isFirst: isFirst)
    }

    private func transmit(_ frames: [PeerPeerFrame], on link: Link, isFirst: Bool) {
        let (sender, receiver) = isFirst ? link.ends : (link.ends.1, link.ends.0)
        let earliest = isFirst ? link.last.0 : link.last.1
        let arrival = max(earliest, time.now + random.duration(.microseconds(100)...(.milliseconds(2))))
        if isFirst { link.last.0 = arrival } else { link.last.1 = arrival }
        time.at(arrival) {
            guard isFirst ? link.isOpen.1 : link.isOpen.0 else { return }
            receiver.received(.peer(.received(frames, from: sender.incarnation)))
        }
    }

    func probe(_ peer: Incarnation, from node: SimulatedNode) {
        time.after(random.duration(.milliseconds(1)...(.milliseconds(5)))) { [weak self] in
            guard let self, let other = nodes[peer] else { return }
            let isReachable = !isCut(node, other) && !isCut(other, node)
            node.received(.peer(.probed(peer, isGone: !other.isAlive && isReachable)))
        }
    }

    // MARK: Ends of links

    private func close(_ link: Link, isGone: Bool) {
        close(link, first: true, isGone: isGone)
        close(link, first: false, isGone: isGone)
    }

    private func close(_ link: Link, first: Bool, isGone: Bool) {
        guard first ? link.isOpen.0 : link.isOpen.1 else { return }
        if first { link.isOpen.0 = false } else { link.isOpen.1 = false }
        let (node, other) = first ? link.ends : (link.ends.1, link.ends.0)
        node.received(.peer(.down(other.incarnation, isGone: isGone)))
        guard !link.isOpen.0, !link.isOpen.1 else { return tellOther(link, closed: first) }
        links.removeAll { $0 === link }
        let delay = random.duration(.milliseconds(50)...(.milliseconds(300)))
        time.after(delay) { [weak self] in self?.connect(node.incarnation, other.incarnation) }
    }

    /// One end is closed; the other hears of it as soon as anything gets through.
    private func tellOther(_ link: Link, closed first: Bool) {
        time.after(random.duration(.milliseconds(1)...(.milliseconds(20)))) { [weak self] in
            guard let self else { return }
            let (from, to) = first ? link.ends : (link.ends.1, link.ends.0)
            guard !isCut(from, to) else {
                return time.after(.milliseconds(100)) { [weak self] in self?.tellOther(link, closed: first) }
            }
            close(link, first: !first, isGone: false)
        }
    }

    /// The process has ended: its kernel resets what it had, and refuses what comes.
    func crashed(_ node: SimulatedNode) {
        for link in links where link.ends.0 === node || link.ends.1 === node {
            let isFirst = link.ends.0 === node
            let other = isFirst ? link.ends.1 : link.ends.0
            if isFirst { link.isOpen.0 = false } else { link.isOpen.1 = false }
            if isCut(node, other) || isCut(other, node) {
                giveUp(link, first: !isFirst)
            } else {
                time.after(random.duration(.milliseconds(1)...(.milliseconds(6)))) { [weak self] in
                    self?.close(link, first: !isFirst, isGone: true)
                }
            }
        }
    }

    /// Its keepalives stop: the others give up, if it stays like that.
    func frozen(_ node: SimulatedNode) {
        for link in links where link.ends.0 === node || link.ends.1 === node {
            let isFirst = link.ends.0 === node
            time.after(random.duration(patience)) { [weak self] in
                guard let self, node.isFrozen else { return }
                close(link, first: !isFirst, isGone: false)
                close(link, first: isFirst, isGone: false)  // it finds its socket closed when it wakes up
            }
        }
    }

    private func giveUp(_ link: Link, first: Bool) {
        time.after(random.duration(patience)) { [weak self] in self?.close(link, first: first, isGone: false) }
    }

    // MARK: Cuts

    private func isCut(_ from: SimulatedNode, _ to: SimulatedNode) -> Bool {
        cuts.contains(Path(from: from.name, to: to.name))
    }

    func cut(from: String, to: String) {
        guard cuts.insert(Path(from: from, to: to)).inserted else { return }
        for link in links where runs(link, from, to) {
            for first in [true, false] {
                time.after(random.duration(patience)) { [weak self] in
                    guard let self, isCut(link.ends.0, link.ends.1) || isCut(link.ends.1, link.ends.0) else { return }
                    close(link, first: first, isGone: false)
                }
            }
        }
    }

    func heal() {
        cuts = []
        for link in links {
            let stuck = link.stuck
            link.stuck = ([], [])
            for frames in stuck.0 where link.isOpen.0 { transmit(frames, on: link, isFirst: true) }
            for frames in stuck.1 where link.isOpen.1 { transmit(frames, on: link, isFirst: false) }
        }
    }

    private func runs(_ link: Link, _ from: String, _ to: String) -> Bool {
        let names = (link.ends.0.name, link.ends.1.name)
        return names == (from, to) || names == (to, from)
    }
}
