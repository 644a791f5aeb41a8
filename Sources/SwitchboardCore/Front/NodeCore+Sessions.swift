import SwiftProtobuf
import SwitchboardProtocol

/// Connections come and go.
extension NodeCore {
    mutating func helloReceived(_ connection: ConnectionID, _ token: VerifiedToken, _ hello: WireHello) {
        guard sessions[connection] == nil else {
            return refuse(connection, .helloExpected, .badFrame)
        }
        guard !isDraining else { return refuse(connection, .draining, .serviceRestart) }
        guard sessions.count < configuration.maximumConnections else {
            return refuse(connection, .tooManyConnections, .tryAgainLater)
        }
        guard let device = DeviceID(hello.device), let outbox = OutboxID(hello.outbox) else {
            return refuse(connection, .invalidIdentifier, .invalidHello)
        }
        guard hello.conversations.count <= configuration.maximumNamedConversations else {
            return refuse(connection, .tooManyConversations, .invalidHello)
        }
        if let expiry = token.expiresAtMilliseconds, expiry <= time.wallMilliseconds {
            return refuse(connection, .tokenExpired, .tokenExpired)
        }
        let address = DeviceAddress(user: token.user, device: device)
        guard supersede(address, counter: hello.connection) else {
            return refuse(connection, .replaced, .replaced)
        }
        let session = Session(
            connection: connection, address: address, counter: hello.connection, outbox: outbox,
            expiresAtMilliseconds: token.expiresAtMilliseconds, mayCall: token.mayCall)
        sessions[connection] = session
        devices[address] = connection
        users[address.user, default: []].insert(connection)
        welcome(session)
        for peer in membership.linked.sorted() {
            out.send(
                PeerPeerFrame.with {
                    $0.supersede = PeerSupersede.with {
                        $0.user = address.user.text
                        $0.device = address.device.text
                        $0.counter = hello.connection
                    }
                }, to: peer)
        }
        presence.toAnnounce.append(connection)
        for cursor in hello.conversations {
            guard let conversation = ConversationID(cursor.conversation) else {
                out.send(.error(.invalidIdentifier), to: connection)
                continue
            }
            sessions[connection]?.unanswered.insert(conversation)
            attach(connection, conversation, cursor: cursor.received, isNamed: true)
        }
        timers.schedule(.sync(connection), at: time.now + configuration.syncTimeout)
        scheduleExpiry(connection, token)
    }

    private mutating func welcome(_ session: Session) {
        let configuration = configuration
        let ice = mintIceServers(session.connection)
        let frame = WireServerFrame.with {
            $0.welcome = WireWelcome.with {
                $0.node = configuration.name
                $0.connectionID = "\(configuration.incarnation)/\(session.connection)"
                $0.pingIntervalMs = configuration.pingInterval.milliseconds
                $0.user = session.address.user.text
                $0.iceServers = ice.servers
                $0.iceServersTtlMs = ice.timeToLive?.milliseconds ?? 0
                $0.limits = WireLimits.with {
                    $0.maxMessageBytes = configuration.maximumMessageBytes
                    $0.maxConversations = UInt32(configuration.maximumNamedConversations)
                    $0.maxOutboxMessages = configuration.maximumOutboxMessages
                }
            }
        }
        out.send(frame, to: session.connection)
    }

    /// A newer connection of a device closes an older one. False: there is a newer one already.
    private mutating func supersede(_ address: DeviceAddress, counter: UInt32) -> Bool {
        guard let other = devices[address], let session = sessions[other] else { return true }
        guard counter >= session.counter else { return false }
        end(other, .replaced, .replaced)
        return true
    }

    /// Another node has a newer connection of the device.
    mutating func superseded(_ frame: PeerSupersede) {
        guard let user = UserID(frame.user), let device = DeviceID(frame.device) else { return }
        let address = DeviceAddress(user: user, device: device)
        guard let connection = devices[address], let session = sessions[connection],
            session.counter < frame.counter
        else { return }
        end(connection, .replaced, .replaced)
    }

    private mutating func refuse(_ connection: ConnectionID, _ name: ErrorName, _ code: CloseCode) {
        out.close(connection, code, name)
    }

    /// Ends a session from our side.
    mutating func end(_ connection: ConnectionID, _ name: ErrorName, _ code: CloseCode) {
        out.close(connection, code, name)
        connectionClosed(connection)
    }

    mutating func connectionClosed(_ connection: ConnectionID) {
        guard let session = sessions.removeValue(forKey: connection) else { return }
        out.drop(connection)
        if devices[session.address] == connection {
            devices[session.address] = nil
        }
        users[session.address.user]?.remove(connection)
        if users[session.address.user]?.isEmpty == true {
            users[session.address.user] = nil
        }
        withdraw(session)
        for conversation in session.attachments.keys.sorted() {
            leave(session, conversation)
        }
    }

    /// Takes a connection out of a conversation; a route that nobody uses is forgotten.
    private mutating func leave(_ session: Session, _ conversation: ConversationID) {
        guard let route = routes[conversation] else { return }
        routes[conversation]?.connections.remove(session.connection)
        let origin = session.origin(front: me)
        if let leader = route.leader {
            if leader == me {
                perform(leaderships[conversation]?.detached(origin.key) ?? [], conversation)
            } else {
                send(
                    PeerPeerFrame.with {
                        $0.detach = PeerDetach.with {
                            $0.conversation = conversation.description
                            $0.origin = PeerOrigin(origin)
                        }
                    }, to: leader)
            }
        }
        forgetRouteIfUnused(conversation)
    }

    mutating func forgetRouteIfUnused(_ conversation: ConversationID) {
        guard let route = routes[conversation], route.connections.isEmpty, route.waiting.isEmpty,
            !recovery.inFlight.contains(conversation)
        else { return }
        if let leader = route.leader {
            routesByLeader[leader]?.remove(conversation)
        }
        routes[conversation] = nil
    }

    // MARK: Tokens

    mutating func tokenRefreshed(_ connection: ConnectionID, _ token: VerifiedToken) {
        guard let session = sessions[connection] else { return }
        guard token.user == session.address.user else { return end(connection, .badToken, .badToken) }
        sessions[connection]?.expiresAtMilliseconds = token.expiresAtMilliseconds
        sessions[connection]?.mayCall = token.mayCall
        scheduleExpiry(connection, token)
    }

    private mutating func scheduleExpiry(_ connection: ConnectionID, _ token: VerifiedToken) {
        guard let expiry = token.expiresAtMilliseconds else { return }
        let left = Duration(wireMilliseconds: expiry - time.wallMilliseconds)
        timers.schedule(.tokenExpiry(connection), at: time.now + left)
    }

    mutating func tokenMayHaveExpired(_ connection: ConnectionID) {
        guard let session = sessions[connection], let expiry = session.expiresAtMilliseconds else { return }
        let left = expiry - time.wallMilliseconds
        guard left <= 0 else {
            timers.schedule(.tokenExpiry(connection), at: time.now + Duration(wireMilliseconds: left + 1))
            return
        }
        end(connection, .tokenExpired, .tokenExpired)
    }

    // MARK: Sync

    /// `sync_complete` once presence is committed, the user's conversations are known, and all have been answered.
    mutating func checkSync(_ connection: ConnectionID, timedOut: Bool = false) {
        guard let session = sessions[connection], !session.isSynced else { return }
        guard timedOut || (session.isAnnounced && session.unanswered.isEmpty) else { return }
        sessions[connection]?.isSynced = true
        let missing = session.unanswered.sorted().map(\.description)
        out.send(
            WireServerFrame.with { $0.syncComplete = WireSyncComplete.with { $0.missing = missing } },
            to: connection)
    }

    // MARK: Leaving

    mutating func drain(spread: Duration) {
        guard !isDraining else { return }
        isDraining = true
        ask(.mark(.draining, true), .housekeeping)
        // Those whose call is being set up move first, while others have the patience.
        let (settingUp, others) = sessions.keys.sorted().reduce(into: ([ConnectionID](), [ConnectionID]())) {
            if sessions[$1]?.settingUp.isEmpty == false { $0.0.append($1) } else { $0.1.append($1) }
        }
        let connections = settingUp + others
        for (place, connection) in connections.enumerated() {
            let delay = spread * place / max(connections.count, 1)
            out.send(
                WireServerFrame.with { $0.goAway = WireGoAway.with { $0.reconnectAfterMs = delay.milliseconds } },
                to: connection)
            timers.schedule(.drain(connection), at: time.now + delay + .milliseconds(500))
        }
    }
}

extension PeerOrigin {
    init(_ origin: Origin) {
        self = PeerOrigin.with {
            $0.user = origin.address.user.text
            $0.device = origin.address.device.text
            $0.connection = origin.connection.description
            $0.counter = origin.counter
            $0.outbox = origin.outbox.text
        }
    }

    /// nil if the other node says something unlawful.
    func origin(front: Incarnation) -> Origin? {
        guard let user = UserID(user), let device = DeviceID(device), let outbox = OutboxID(outbox),
            let connection = ConnectionID(connection)
        else { return nil }
        return Origin(
            front: front, connection: connection, address: DeviceAddress(user: user, device: device),
            counter: counter, outbox: outbox)
    }
}
