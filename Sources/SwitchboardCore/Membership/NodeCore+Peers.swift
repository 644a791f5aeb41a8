import SwiftProtobuf
import SwitchboardProtocol

/// What the links to other nodes bring.
extension NodeCore {
    mutating func peerEvent(_ event: PeerLinkEvent) {
        switch event {
        case .up(let peer):
            membership.linkUp(peer)
            // Frames may have been lost in the old link: start again from the last numbers.
            for conversation in (routesByLeader[peer] ?? []).sorted() {
                attachAgain(conversation)
            }
        case .down(let peer, let isGone):
            membership.linkDown(peer, isGone: isGone)
            for conversation in leaderships.keys.sorted() {
                perform(leaderships[conversation]?.frontLost(peer) ?? [], conversation)
            }
            if isGone {
                processIsGone(peer)
            } else {
                for conversation in (routesByLeader[peer] ?? []).sorted() {
                    attachAgain(conversation)
                }
            }
        case .probed(let peer, let isGone):
            membership.probed(peer, isGone: isGone)
            if isGone { processIsGone(peer) }
        case .received(let frames, let peer):
            for frame in frames {
                peerFrame(frame, from: peer)
            }
        case .overflowed(let peer):
            // Not at once: what was dropped was too much already.
            guard overflowed.insert(peer).inserted else { return }
            log(.warning, "frames towards \(peer) were dropped at the bound; devices are attached again")
            timers.schedule(.overflowed(peer), at: time.now + .milliseconds(200))
        }
    }

    /// What was dropped towards a peer is found again: as its front by attaching anew, as its leader by asking it to do so.
    mutating func findDropped(_ peer: Incarnation) {
        guard overflowed.remove(peer) != nil else { return }
        for conversation in (routesByLeader[peer] ?? []).sorted() {
            attachAgain(conversation)
        }
        for conversation in leaderships.keys.sorted() {
            guard let leadership = leaderships[conversation] else { continue }
            let targets = leadership.targets.filter { $0.key.front == peer }
            guard !targets.isEmpty, leadership.stage == .leading || leadership.stage == .closed else { continue }
            let users = Set(targets.values.map(\.address.user)).sorted()
            sayLeading(conversation, leadership.epoch, to: peer, users: users)
        }
    }

    /// A frame from a node; unlawful ones are ignored, for the link has checked who speaks.
    mutating func peerFrame(_ frame: PeerPeerFrame, from peer: Incarnation) {
        switch frame.frame {
        case .attach(let attach):
            guard let conversation = ConversationID(attach.conversation),
                let origin = attach.origin.origin(front: peer), isLeading(conversation, frame, from: peer)
            else { return }
            enqueue(.attach(origin, cursor: attach.hasCursor_p ? attach.received : nil), conversation)
        case .forward(let forward):
            guard let conversation = ConversationID(forward.conversation),
                let origin = forward.origin.origin(front: peer), isLeading(conversation, frame, from: peer)
            else { return }
            let verdict = CallVerdict(rawValue: forward.verdict)
            enqueue(.send(origin, number: forward.number, forward.message, verdict: verdict), conversation)
        case .detach(let detach):
            guard let conversation = ConversationID(detach.conversation),
                let origin = detach.origin.origin(front: peer)
            else { return }
            perform(leaderships[conversation]?.detached(origin.key) ?? [], conversation)
        case .forwardAck(let ack):
            guard let conversation = ConversationID(ack.conversation), let origin = ack.origin.origin(front: peer)
            else { return }
            leaderships[conversation]?.acknowledged(origin.address, received: ack.received)
        case .attached(let answer):
            guard let conversation = ConversationID(answer.conversation),
                let connection = ConnectionID(answer.connection)
            else { return }
            attached(conversation, connection, from: peer, answer)
        case .push(let push): pushReceived(push, from: peer)
        case .redirect(let redirect):
            guard let conversation = ConversationID(redirect.conversation),
                routes[conversation]?.leader == peer
            else { return }
            // The hint is not believed: the coordinator is asked. Not at once, lest two nodes play ball.
            loseLeaderLater(conversation)
        case .leading(let leading):
            guard let conversation = ConversationID(leading.conversation) else { return }
            self.leading(
                conversation, epoch: leading.epoch, peer, users: leading.users.compactMap { UserID($0) })
        case .supersede(let supersede): superseded(supersede)
        case .nudge(let nudge):
            guard let conversation = ConversationID(nudge.conversation) else { return }
            nudged(conversation)
        case .relay(let relay): relayReceived(relay, from: peer)
        case .endCommand(let command):
            guard let conversation = ConversationID(command.conversation),
                let reason = EndReason(rawValue: command.reason),
                isLeading(conversation, frame, from: peer)
            else { return }
            enqueue(.endRequested(reason), conversation)
        case .pushAnswer(let answer):
            guard let conversation = ConversationID(answer.conversation), isLeading(conversation, frame, from: peer)
            else { return }
            enqueue(
                .pushAnswered(endpoint: answer.endpoint, answer.taken ? .taken : .refused), conversation)
        case .handshake, .handshakeAnswer, .keepalive, nil: break
        }
    }

    /// Whether this node leads it; if not, the frame waits until it is known who does.
    private mutating func isLeading(_ conversation: ConversationID, _ frame: PeerPeerFrame, from peer: Incarnation)
        -> Bool
    {
        if leaderships[conversation] != nil { return true }
        if let leader = routes[conversation]?.leader, routes[conversation]?.stage == .known, leader != me {
            passOn(frame, from: peer, conversation, to: leader)
            return false
        }
        guard (routes[conversation]?.waiting.count ?? 0) < configuration.maximumWaitingFrames else { return false }
        routes[conversation, default: Route()].waiting.append(.remote(peer, frame))
        resolve(conversation)
        return false
    }

    /// Another node's frame came to the wrong place, and it is told so; this node's own goes on to the leader.
    mutating func passOn(
        _ frame: PeerPeerFrame, from peer: Incarnation, _ conversation: ConversationID, to leader: Incarnation
    ) {
        if peer == me {
            send(frame, to: leader)
        } else {
            redirect(peer, conversation, to: leader)
        }
    }

    private mutating func pushReceived(_ push: PeerPush, from peer: Incarnation) {
        guard let conversation = ConversationID(push.conversation), let connection = ConnectionID(push.connection)
        else { return }
        guard let session = sessions[connection] else {
            // Gone, and its row not yet: the leader needs not send more.
            guard let user = UserID(push.user), let device = DeviceID(push.device) else { return }
            let address = DeviceAddress(user: user, device: device)
            return send(
                PeerPeerFrame.with {
                    $0.detach = PeerDetach.with {
                        $0.conversation = conversation.description
                        $0.origin = PeerOrigin.with {
                            $0.user = address.user.text
                            $0.device = address.device.text
                            $0.connection = connection.description
                            $0.outbox = "-"
                        }
                    }
                }, to: peer)
        }
        guard session.address.user.text == push.user, session.address.device.text == push.device else { return }
        pushed(conversation, connection, epoch: push.epoch, from: peer, push.frames)
    }

    private mutating func loseLeaderLater(_ conversation: ConversationID) {
        for connection in routes[conversation]?.connections ?? [] {
            sessions[connection]?.attachments[conversation]?.attachedTo = nil
        }
        if let leader = routes[conversation]?.leader { routesByLeader[leader]?.remove(conversation) }
        routes[conversation]?.leader = nil
        routes[conversation]?.stage = .waiting
        timers.schedule(.retryRoute(conversation), at: time.now + .milliseconds(20))
    }

    /// One hop, origin kept: for two nodes that cannot reach each other.
    private mutating func relayReceived(_ relay: PeerRelay, from peer: Incarnation) {
        guard let origin = Incarnation(relay.origin), let target = Incarnation(relay.target) else { return }
        if target == me {
            peerFrame(relay.frame, from: origin)
        } else if origin == peer, membership.linked.contains(target) {
            out.send(PeerPeerFrame.with { $0.relay = relay }, to: target)
        }
    }
}
