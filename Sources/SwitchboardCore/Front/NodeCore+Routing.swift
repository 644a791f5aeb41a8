import SwiftProtobuf
import SwitchboardProtocol

/// Finding the leader of a conversation, or becoming it.
extension NodeCore {
    /// Starts, or goes on, finding out who leads; harmless while that is under way.
    mutating func resolve(_ conversation: ConversationID) {
        guard let route = routes[conversation], route.stage == .unresolved else { return }
        if leaderships[conversation] != nil {
            return becameKnown(conversation, leader: me, version: leaderships[conversation]?.version)
        }
        guard let opening = opening(of: route), !isDraining else {
            routes[conversation]?.stage = .reading
            return ask(.read(conversation, sync: false), .read(conversation))
        }
        if let invite = proposal(opening.connection, 1, opening.message),
            route.judgements.verdict(on: invite) == nil
        {
            routes[conversation]?.stage = .askingPolicy
            return askPolicy(conversation)
        }
        routes[conversation]?.stage = .creating
        ask(.create(conversation, leader: me), .create(conversation, isNew: true))
    }

    /// A waiting send that may begin the conversation, of a client that is still there.
    func opening(of route: Route) -> (connection: ConnectionID, message: WireMessage)? {
        for frame in route.waiting {
            guard case .local(let connection, 1, let message) = frame, message.beginsConversation,
                sessions[connection] != nil
            else { continue }
            return (connection, message)
        }
        return nil
    }

    // MARK: Outcomes

    /// The leader is known: what waited goes there, and every connection is attached.
    mutating func becameKnown(_ conversation: ConversationID, leader: Incarnation, version: Int32?) {
        guard var route = routes[conversation] else { return }
        if let old = route.leader, old != leader {
            routesByLeader[old]?.remove(conversation)
        }
        let waiting = route.waiting
        route.stage = .known
        route.leader = leader
        route.version = version
        route.waiting = []
        routes[conversation] = route
        routesByLeader[leader, default: []].insert(conversation)
        for frame in waiting {
            switch frame {
            case .local(let connection, let number, let message):
                guard mayPass(connection, conversation, number, message) else {
                    routes[conversation]?.waiting.append(frame)
                    continue
                }
                forward(connection, conversation, number, message)
            case .remote(let peer, let frame):
                if leader == me {
                    peerFrame(frame, from: peer)
                } else {
                    passOn(frame, from: peer, conversation, to: leader)
                }
            }
        }
        askPolicy(conversation)
        // An attach must not overtake the invite.
        for connection in route.connections.sorted() where routes[conversation]?.holdsBack(connection) != true {
            sendAttach(connection, conversation)
        }
        if recovery.settled(conversation), leader != me {
            // It has a living leader, which perhaps has forgotten it.
            send(
                PeerPeerFrame.with {
                    $0.nudge = PeerNudge.with { $0.conversation = conversation.description }
                }, to: leader)
        }
        continueRecovery()
        forgetRouteIfUnused(conversation)
    }

    /// What can't be taken for the time being; clients keep it and send again.
    mutating func rejectWaiting(_ conversation: ConversationID, _ name: ErrorName) {
        let waiting = routes[conversation]?.waiting ?? []
        routes[conversation]?.waiting = []
        for frame in waiting {
            guard case .local(let connection, let number, _) = frame, sessions[connection] != nil else { continue }
            out.send(
                .error(name, conversation, number: number, retryAfter: .milliseconds(500)), to: connection)
        }
    }

    /// Tries again after a while; senders are told meanwhile.
    mutating func retryLater(_ conversation: ConversationID, _ name: ErrorName, after delay: Duration? = nil) {
        rejectWaiting(conversation, name)
        guard routes[conversation] != nil else { return }
        routes[conversation]?.stage = .waiting
        timers.schedule(.retryRoute(conversation), at: time.now + (delay ?? configuration.coordinatorRetry))
    }

    /// No leader and no log: nobody here knows this conversation.
    mutating func unknownConversation(_ conversation: ConversationID) {
        let connections = routes[conversation]?.connections.sorted() ?? []
        for frame in routes[conversation]?.waiting ?? [] {
            guard case .local(let connection, let number, _) = frame, let session = sessions[connection],
                session.attachments[conversation]?.isOpening != true
            else { continue }
            out.send(.error(.notFound, conversation, number: number), to: connection)
            // As if a leader had refused it: from the answers nobody can tell a call of others from none.
            sessions[connection]?.attachments[conversation]?.forwarded = number
        }
        routes[conversation]?.waiting = []
        for connection in connections {
            answerUnknown(connection, conversation)
        }
        if recovery.settled(conversation) { continueRecovery() }
        if let route = routes[conversation] {
            routes[conversation]?.stage = .unresolved
            if let leader = route.leader { routesByLeader[leader]?.remove(conversation) }
            routes[conversation]?.leader = nil
        }
        forgetRouteIfUnused(conversation)
    }

    /// The leader is not the one we thought: ask anew.
    mutating func loseLeader(_ conversation: ConversationID) {
        guard let route = routes[conversation] else { return }
        if let leader = route.leader {
            routesByLeader[leader]?.remove(conversation)
        }
        for connection in route.connections {
            sessions[connection]?.attachments[conversation]?.attachedTo = nil
        }
        routes[conversation]?.leader = nil
        routes[conversation]?.stage = .unresolved
        if route.connections.isEmpty, route.waiting.isEmpty, !recovery.inFlight.contains(conversation) {
            forgetRouteIfUnused(conversation)
        } else {
            resolve(conversation)
        }
    }

    /// Tells a node that this one does not lead the conversation; `leader` if it is known who does.
    mutating func redirect(_ peer: Incarnation, _ conversation: ConversationID, to leader: Incarnation?) {
        send(
            PeerPeerFrame.with {
                $0.redirect = PeerRedirect.with {
                    $0.conversation = conversation.description
                    $0.leader = leader?.text ?? ""
                }
            }, to: peer)
    }
}
