import SwiftProtobuf
import SwitchboardProtocol

/// What clients say after their hello.
extension NodeCore {
    mutating func frameReceived(_ connection: ConnectionID, _ frame: WireClientFrame) {
        guard sessions[connection] != nil else { return }  // closed meanwhile
        switch frame.frame {
        case .send(let send): sendReceived(connection, send)
        case .ack(let ack): ackReceived(connection, ack)
        case .ping: out.send(WireServerFrame.with { $0.pong = WirePong() }, to: connection)
        case .hello: end(connection, .helloExpected, .badFrame)
        case .iceServers: iceServersRequested(connection)
        case .refresh, nil: break  // refresh comes as `tokenRefreshed`; unknown frames are ignored
        }
    }

    private mutating func sendReceived(_ connection: ConnectionID, _ send: WireSend) {
        guard let conversation = ConversationID(send.conversation) else {
            var error = WireServerFrame.error(.invalidIdentifier, number: send.number)
            error.error.conversation = String(send.conversation.prefix(64))
            return out.send(error, to: connection)
        }
        guard send.number > 0 else {
            return out.send(.error(.gap, conversation, number: 1), to: connection)
        }
        if sessions[connection]?.attachments[conversation] == nil {
            guard makeRoom(connection) else {
                return out.send(
                    .error(.overloaded, conversation, number: send.number, retryAfter: .seconds(1)), to: connection)
            }
            // Who begins a conversation has seen all of it; who picks up the winner of a glare before it has rung here has seen
            // nothing, and needs all of it: its offer above all.
            let begins = send.number == 1 && (send.message.beginsConversation || send.message.isAccept)
            sessions[connection]?.attachments[conversation] = Attachment(cursor: begins ? 0 : nil)
        }
        noteSetUp(connection, conversation, send.message)
        if case .invite? = send.message.content {
            sessions[connection]?.attachments[conversation]?.isCaller = true
        }
        routes[conversation, default: Route()].connections.insert(connection)
        let isKnown = routes[conversation]?.stage == .known
        if isKnown, mayPass(connection, conversation, send.number, send.message) {
            return forward(connection, conversation, send.number, send.message)
        }
        guard (routes[conversation]?.waiting.count ?? 0) < configuration.maximumWaitingFrames else {
            return out.send(
                .error(.overloaded, conversation, number: send.number, retryAfter: .milliseconds(500)),
                to: connection)
        }
        routes[conversation]?.waiting.append(.local(connection, number: send.number, send.message))
        if isKnown {
            askPolicy(conversation)
        } else {
            resolve(conversation)
        }
    }

    /// Conversations that are over make room for new ones.
    private mutating func makeRoom(_ connection: ConnectionID) -> Bool {
        guard let session = sessions[connection] else { return false }
        guard session.attachments.count >= configuration.maximumAttachments else { return true }
        let over = session.attachments.filter(\.value.isEnded).keys.sorted()
        for conversation in over {
            sessions[connection]?.attachments[conversation] = nil
            routes[conversation]?.connections.remove(connection)
            forgetRouteIfUnused(conversation)
        }
        return !over.isEmpty
    }

    private mutating func ackReceived(_ connection: ConnectionID, _ ack: WireAck) {
        guard let session = sessions[connection], let conversation = ConversationID(ack.conversation),
            let attachment = session.attachments[conversation], let cursor = attachment.cursor,
            let leader = routes[conversation]?.leader
        else { return }
        let received = min(ack.received, cursor)
        if leader == me {
            leaderships[conversation]?.acknowledged(session.address, received: received)
            return
        }
        let origin = PeerOrigin(session.origin(front: me))
        send(
            PeerPeerFrame.with {
                $0.forwardAck = PeerForwardAck.with {
                    $0.conversation = conversation.description
                    $0.origin = origin
                    $0.received = received
                }
            }, to: leader)
    }

    // MARK: Towards the leader

    /// Passes a send on, and the attach behind it if the leader has none yet.
    mutating func forward(
        _ connection: ConnectionID, _ conversation: ConversationID, _ number: UInt32, _ message: WireMessage
    ) {
        guard let session = sessions[connection], let leader = routes[conversation]?.leader else { return }
        let highest = max(session.attachments[conversation]?.forwarded ?? 0, number)
        sessions[connection]?.attachments[conversation]?.forwarded = highest
        let origin = session.origin(front: me)
        let verdict = proposal(connection, number, message).flatMap {
            routes[conversation]?.judgements.verdict(on: $0)
        }
        if leader == me {
            enqueue(.send(origin, number: number, message, verdict: verdict), conversation)
        } else {
            send(
                PeerPeerFrame.with {
                    $0.forward = PeerForward.with {
                        $0.conversation = conversation.description
                        $0.origin = PeerOrigin(origin)
                        $0.number = number
                        $0.message = message
                        $0.verdict = verdict?.rawValue ?? ""
                    }
                }, to: leader)
        }
        sendAttach(connection, conversation)
    }

    /// A connection takes part in a conversation from now on.
    mutating func attach(
        _ connection: ConnectionID, _ conversation: ConversationID, cursor: UInt32?, isNamed: Bool
    ) {
        if sessions[connection]?.attachments[conversation] == nil {
            sessions[connection]?.attachments[conversation] = Attachment(cursor: cursor, isNamed: isNamed)
        }
        routes[conversation, default: Route()].connections.insert(connection)
        if routes[conversation]?.stage == .known {
            sendAttach(connection, conversation)
        } else {
            resolve(conversation)
        }
    }

    /// Tells the leader of this connection, once per leader.
    mutating func sendAttach(_ connection: ConnectionID, _ conversation: ConversationID) {
        guard let session = sessions[connection], var attachment = session.attachments[conversation],
            let leader = routes[conversation]?.leader, attachment.attachedTo != leader
        else { return }
        attachment.attachedTo = leader
        attachment.isAnswered = false
        attachment.forwardedAtAttach = attachment.forwarded
        sessions[connection]?.attachments[conversation] = attachment
        let origin = session.origin(front: me)
        guard leader != me else {
            return enqueue(.attach(origin, cursor: attachment.cursor), conversation)
        }
        send(
            PeerPeerFrame.with {
                $0.attach = PeerAttach.with {
                    $0.conversation = conversation.description
                    $0.origin = PeerOrigin(origin)
                    $0.hasCursor_p = attachment.cursor != nil
                    $0.received = attachment.cursor ?? 0
                    $0.epoch = attachment.epoch
                    $0.named = attachment.isNamed
                }
            }, to: leader)
        timers.schedule(.attach(conversation), at: time.now + .seconds(1))
    }

    /// Attaches everybody anew, for frames may have been lost or another leader is there.
    mutating func attachAgain(_ conversation: ConversationID) {
        guard let route = routes[conversation] else { return }
        for connection in route.connections.sorted() {
            sessions[connection]?.attachments[conversation]?.attachedTo = nil
            if route.stage == .known {
                sendAttach(connection, conversation)
            }
        }
        if route.stage != .known { resolve(conversation) }
    }
}

extension WireMessage {
    /// Whether the message may be the first of a conversation.
    var beginsConversation: Bool {
        switch content {
        case .invite, .cancel: true
        default: false
        }
    }

    var isAccept: Bool { if case .accept? = content { true } else { false } }
}
