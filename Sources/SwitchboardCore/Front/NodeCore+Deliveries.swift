import SwiftProtobuf
import SwitchboardProtocol

/// What leaders send for the connections of this front, be the leader here or elsewhere.
extension NodeCore {
    /// Frames for one connection. Frames of a stale epoch are refused; a hole in the numbers means that frames were lost on the
    /// way: the connection is attached anew from its last number, and the client never notices.
    mutating func pushed(
        _ conversation: ConversationID, _ connection: ConnectionID, epoch: UInt32, from leader: Incarnation,
        _ frames: [WireServerFrame]
    ) {
        guard let session = sessions[connection] else {
            // The connection is gone; its detach may have crossed.
            return
        }
        var attachment = session.attachments[conversation] ?? Attachment(cursor: nil, attachedTo: leader)
        guard epoch >= attachment.epoch else {
            // A temporary error says nothing of the log, only that the send is to be repeated: a leader that has no epoch yet
            // must be able to say so.
            for case .error(let error)? in frames.map(\.frame) where !error.permanent {
                out.send(WireServerFrame.with { $0.error = error }, to: connection)
            }
            return
        }
        attachment.epoch = epoch
        var isBroken = false
        var setUp: [WireMessage] = []
        for frame in frames {
            switch frame.frame {
            case .deliver(let deliver):
                let next = (attachment.cursor ?? 0) + 1
                guard deliver.number >= next else { continue }
                guard deliver.number == next else {
                    isBroken = true
                    continue
                }
                attachment.cursor = deliver.number
                if case .ended? = deliver.message.content { attachment.isEnded = true }
                if case .invite? = deliver.message.content { freshenIceServers(connection) }
                setUp.append(deliver.message)
            case .snapshot(let snapshot):
                attachment.cursor = snapshot.nextNumber == 0 ? 0 : snapshot.nextNumber - 1
                isSettingUp(connection, conversation, snapshot.state == CallPhase.ringing.rawValue)
            case .accepted(let accepted):
                attachment.accepted = max(attachment.accepted, accepted.number)
            default: break
            }
            out.send(frame, to: connection)
        }
        sessions[connection]?.attachments[conversation] = attachment
        for message in setUp { noteSetUp(connection, conversation, message) }
        // First the connection, then the leader: a route without connections is forgotten.
        routes[conversation, default: Route()].connections.insert(connection)
        learnLeader(conversation, leader, epoch: epoch)
        if isBroken {
            sessions[connection]?.attachments[conversation]?.attachedTo = nil
            sendAttach(connection, conversation)
        }
    }

    /// From the invite until media flow, or the end, the client is pinged more often.
    mutating func noteSetUp(_ connection: ConnectionID, _ conversation: ConversationID, _ message: WireMessage) {
        switch message.content {
        case .invite: isSettingUp(connection, conversation, true)
        case .connected, .ended: isSettingUp(connection, conversation, false)
        default: return
        }
    }

    private mutating func isSettingUp(_ connection: ConnectionID, _ conversation: ConversationID, _ isSettingUp: Bool) {
        guard let before = sessions[connection]?.settingUp else { return }
        if isSettingUp {
            sessions[connection]?.settingUp.insert(conversation)
        } else {
            sessions[connection]?.settingUp.remove(conversation)
        }
        let isFast = sessions[connection]?.settingUp.isEmpty == false
        guard isFast == before.isEmpty else { return }
        out.perform(.setFastPing(connection, isFast))
    }

    /// A leader's answer to an attach.
    mutating func attached(
        _ conversation: ConversationID, _ connection: ConnectionID, from leader: Incarnation, _ answer: PeerAttached
    ) {
        guard let session = sessions[connection], var attachment = session.attachments[conversation] else { return }
        if answer.unknown {
            // Only from the one that was asked: a former leader's answer may come late, and has no epoch to tell.
            guard attachment.attachedTo == leader else { return }
            answerUnknown(connection, conversation)
            return
        }
        guard answer.epoch >= attachment.epoch else { return }
        attachment.epoch = answer.epoch
        attachment.isAnswered = true
        attachment.isEnded = attachment.isEnded || answer.ended
        if answer.accepted > attachment.accepted {
            attachment.accepted = answer.accepted
            out.send(.accepted(conversation, number: answer.accepted, epoch: answer.epoch), to: connection)
        }
        sessions[connection]?.attachments[conversation] = attachment
        if attachment.forwardedAtAttach > attachment.accepted {
            // What this front had passed on was lost on the way, or died with the former leader: the client has it in its
            // outbox. (Also of an ended call, whose leader accepts it without effect.)
            out.send(
                .error(.leaderUnavailable, conversation, number: attachment.accepted + 1), to: connection)
        }
        answered(connection, conversation)
    }

    /// There is no such conversation, or not for this user.
    mutating func answerUnknown(_ connection: ConnectionID, _ conversation: ConversationID) {
        guard let attachment = sessions[connection]?.attachments[conversation] else { return }
        if attachment.isOpening {
            // It is this client's own call, and its invite was lost on the way: the client has it still, and sends it again.
            sessions[connection]?.attachments[conversation]?.attachedTo = nil
            out.send(.error(.leaderUnavailable, conversation, number: 1), to: connection)
            return answered(connection, conversation)
        }
        sessions[connection]?.attachments[conversation] = nil
        isSettingUp(connection, conversation, false)
        if attachment.isNamed || attachment.forwarded > 0 {
            out.send(.error(.notFound, conversation), to: connection)
        }
        routes[conversation]?.connections.remove(connection)
        answered(connection, conversation)
        forgetRouteIfUnused(conversation)
    }

    private mutating func answered(_ connection: ConnectionID, _ conversation: ConversationID) {
        guard sessions[connection]?.unanswered.remove(conversation) != nil else { return }
        checkSync(connection)
    }

    /// A leader that speaks up is believed if its epoch is the newest heard of.
    mutating func learnLeader(_ conversation: ConversationID, _ leader: Incarnation, epoch: UInt32) {
        guard leaderships[conversation] == nil || leader == me else { return }
        guard let route = routes[conversation] else { return }
        guard route.leader != leader || route.stage != .known else { return }
        becameKnown(conversation, leader: leader, version: route.leader == leader ? route.version : nil)
    }

    /// A new leader asks for the devices of these users.
    mutating func leading(_ conversation: ConversationID, epoch: UInt32, _ leader: Incarnation, users names: [UserID]) {
        for user in names {
            for connection in (users[user] ?? []).sorted()
            where sessions[connection]?.attachments[conversation] == nil {
                sessions[connection]?.attachments[conversation] = Attachment(cursor: nil)
                routes[conversation, default: Route()].connections.insert(connection)
            }
        }
        guard routes[conversation] != nil else { return }
        if routes[conversation]?.leader == leader, routes[conversation]?.stage == .known {
            attachAgain(conversation)
        } else {
            becameKnown(conversation, leader: leader, version: nil)
        }
    }
}
