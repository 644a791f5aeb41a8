import DequeModule
import SwiftProtobuf
import SwitchboardProtocol

/// Carries out what leaderships want.
extension NodeCore {
    mutating func enqueue(_ input: ConversationInput, _ conversation: ConversationID) {
        let limit = configuration.leadership.maximumSendsPerMinute
        if case .send(let origin, let number, let message, _) = input, !message.endsCall,
            leaderships[conversation]?.sends.admit(time.now, limit: limit) == false
        {
            let error = leaderships[conversation]?.pushError(
                .overloaded, to: origin, number: number, retryAfter: .seconds(1))
            return perform(error.map { [$0] } ?? [], conversation)
        }
        let effects = leaderships[conversation]?.enqueue(input) ?? []
        perform(effects, conversation)
    }

    mutating func perform(_ effects: [LeadershipEffect], _ conversation: ConversationID) {
        for effect in effects {
            perform(effect, conversation)
        }
    }

    private mutating func perform(_ effect: LeadershipEffect, _ conversation: ConversationID) {
        let epoch = leaderships[conversation]?.epoch ?? 0
        switch effect {
        case .push(let target, let address, let frames):
            guard target.front != me else {
                return pushed(conversation, target.connection, epoch: epoch, from: me, frames)
            }
            send(
                PeerPeerFrame.with {
                    $0.push = PeerPush.with {
                        $0.conversation = conversation.description
                        $0.connection = target.connection.description
                        $0.epoch = epoch
                        $0.frames = frames
                        $0.user = address.user.text
                        $0.device = address.device.text
                    }
                }, to: target.front)
        case .attached(let target, let answer):
            guard target.front != me else {
                return attached(conversation, target.connection, from: me, answer)
            }
            send(PeerPeerFrame.with { $0.attached = answer }, to: target.front)
        case .wantsCommit: lanes.want(conversation, on: lanes.writer(of: conversation))
        case .wantsBarrier: lanes.want(conversation, on: .barrier)
        case .load: wantLoad(conversation)
        case .confirmEnd: ask(.probe, .confirmEnd(conversation))
        case .readClaim: ask(.read(conversation, sync: true), .confirmLeadership(conversation))
        case .leading(let epoch, let rows):
            if recovery.settled(conversation) { continueRecovery() }
            announceLeadership(conversation, epoch, rows)
            awaitDevices(conversation)
        case .attachOthers(let rows): announceLeadership(conversation, epoch, rows)
        case .pushesCommitted: out.perform(.dispatchPushes)
        case .command(let command): carry(command)
        case .steppedDown(let work): steppedDown(conversation, work)
        case .ended: conversationEnded(conversation)
        case .scheduleDeadline(let deadline, let after):
            timers.schedule(.deadline(conversation, deadline), at: time.now + after)
        case .inputLost(let reason): log(.error, "one message was given up: \(reason)", conversation)
        case .needsLevel(let level): giveToNewer(conversation, level)
        case .quarantined(let reason):
            log(.error, "conversation is quarantined, its senders get server_error: \(reason)", conversation)
            if recovery.settled(conversation) { continueRecovery() }
            timers.schedule(.quarantine(conversation), at: time.now + .seconds(60))
        }
    }

    /// Whoever does not attach for a while is away.
    mutating func awaitDevices(_ conversation: ConversationID) {
        timers.schedule(.devicesAwaited(conversation), at: time.now + configuration.absenceGrace)
    }

    /// Fronts that have devices of the conversation, by presence, are told where to attach them.
    private mutating func announceLeadership(
        _ conversation: ConversationID, _ epoch: UInt32, _ rows: [PresenceRow]
    ) {
        let names = Set(rows.map(\.key.address.user)).sorted()
        for front in Set(rows.map(\.key.incarnation)).sorted() where front != me {
            sayLeading(conversation, epoch, to: front, users: names)
        }
        if rows.contains(where: { $0.key.incarnation == me }) {
            leading(conversation, epoch: epoch, me, users: names)
        }
    }

    /// Asks a front to attach its devices of these users.
    mutating func sayLeading(
        _ conversation: ConversationID, _ epoch: UInt32, to front: Incarnation, users: [UserID]
    ) {
        send(
            PeerPeerFrame.with {
                $0.leading = PeerLeading.with {
                    $0.conversation = conversation.description
                    $0.epoch = epoch
                    $0.users = users.map(\.text)
                }
            }, to: front)
    }

    private mutating func steppedDown(_ conversation: ConversationID, _ work: [DroppedWork]) {
        log(.info, "another node leads now; stepped down", conversation)
        leaderships[conversation] = nil
        if recovery.settled(conversation) { continueRecovery() }
        for front in Set(work.map(\.target.front)).sorted() where front != me {
            redirect(front, conversation, to: nil)
        }
        loseLeader(conversation)
    }

    /// This node is too old to fold the log: it names one that is not as the leader, and lets go. If there is none, it tries
    /// again after a while: an upgrade may bring one.
    private mutating func giveToNewer(_ conversation: ConversationID, _ level: UInt32) {
        guard let version = leaderships[conversation]?.version else { return }
        let newer = membership.living.first { $0 != me && (membership.members[$0]?.featureLevel ?? 0) >= level }
        leaderships[conversation] = nil
        if recovery.settled(conversation) { continueRecovery() }
        guard let newer, version >= 0 else {
            log(.error, "the log needs feature level \(level), and no node that has it can be named", conversation)
            return retryLater(conversation, .leaderUnavailable, after: .seconds(10))
        }
        log(.warning, "the log needs feature level \(level); \(newer) shall lead", conversation)
        ask(.claim(conversation, leader: newer, version: version), .housekeeping)
        retryLater(conversation, .leaderUnavailable)
    }

    private mutating func conversationEnded(_ conversation: ConversationID) {
        if recovery.settled(conversation) { continueRecovery() }
        timers.schedule(.endedRetention(conversation), at: time.now + configuration.endedRetention)
    }

    /// The time has come to forget an ended conversation here and in the coordinator; its log stays in the store.
    mutating func retentionPassed(_ conversation: ConversationID) {
        guard let leadership = leaderships[conversation] else { return }
        guard leadership.stage == .closed || leadership.stage == .fresh else { return }
        guard leadership.inFlight == nil, leadership.inbox.isEmpty else {
            let again: TimerKey = leadership.stage == .fresh ? .unopened(conversation) : .endedRetention(conversation)
            return timers.schedule(again, at: time.now + .seconds(1))
        }
        leaderships[conversation] = nil
        if leadership.version >= 0 {
            ended.append(ConversationClaim(conversation: conversation, version: leadership.version))
        }
        for connection in routes[conversation]?.connections.sorted() ?? [] {
            sessions[connection]?.attachments[conversation] = nil
        }
        if let route = routes.removeValue(forKey: conversation), let leader = route.leader {
            routesByLeader[leader]?.remove(conversation)
        }
        if ended.count >= configuration.deleteBatch { deleteEnded() }
    }

    mutating func deleteEnded() {
        guard !ended.isEmpty else { return }
        let batch = Array(ended.prefix(configuration.deleteBatch))
        ended.removeFirst(batch.count)
        ask(.delete(batch), .housekeeping)
    }

    // MARK: Loads

    mutating func wantLoad(_ conversation: ConversationID) {
        loadsWaiting.append(conversation)
        continueLoads()
    }

    mutating func continueLoads() {
        while loadsInFlight < configuration.maximumLoadsInFlight, let conversation = loadsWaiting.popFirst() {
            guard leaderships[conversation]?.stage == .loading else { continue }
            loadsInFlight += 1
            ask(.load(conversation), .load(conversation))
        }
    }

    // MARK: Commits

    /// At the end of a turn: every idle lane takes all that has gathered for it.
    mutating func commitAll() {
        // The barrier lane first: what has left that stage meanwhile goes on to its writer.
        for lane in lanes.all.reversed() {
            commit(lane)
        }
    }

    private mutating func commit(_ lane: StoreLane) {
        while lanes.hasWaiting(lane) {
            let taken = lanes.take(lane, limit: configuration.maximumAppendsPerBatch, now: time.now)
            guard !taken.isEmpty else { return }
            var batch = StoreBatch(lane: lane)
            var confirmations: [ConversationID] = []
            for conversation in taken {
                guard let isBarrier = leaderships[conversation].map({ $0.stage == .raisingBarrier }) else { continue }
                guard isBarrier == (lane == .barrier) else {
                    // Its stage has changed since it asked.
                    perform(leaderships[conversation]?.wake() ?? [], conversation)
                    continue
                }
                leaderships[conversation]?.context.featureLevel = featureLevel
                guard let (step, effects) = leaderships[conversation]?.nextStep(time, &appendCounter) else { continue }
                switch step {
                case .append(let append): batch.appends.append(append)
                case .confirm(let confirmation):
                    batch.confirmations.append(confirmation)
                    confirmations.append(conversation)
                case nil: break
                }
                perform(effects, conversation)
            }
            guard !batch.appends.isEmpty || !batch.confirmations.isEmpty else { continue }
            lanes.began(lane)
            ask(
                .commit(batch),
                .commit(lane, appends: batch.appends.map(\.conversation), confirmations: confirmations))
            return
        }
    }
}
