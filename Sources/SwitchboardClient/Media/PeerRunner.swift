import Synchronization

/// Runs one peer connection of the application: commands in their order, each after the answer to the one before, and
/// events as they come.
final class PeerRunner: Sendable {
    private let commands: AsyncStream<PeerCommand>.Continuation
    private let made = Mutex<(any PeerConnection)?>(nil)

    /// Makes it; the answer to that is `done`, or why it failed.
    init(
        _ id: PeerID, _ configuration: PeerConnectionConfiguration, _ factory: any PeerConnectionFactory,
        center: CallCenter
    ) {
        let (stream, continuation) = AsyncStream.makeStream(of: PeerCommand.self)
        commands = continuation
        Task { [weak self, weak center] in
            let connection: any PeerConnection
            do {
                connection = try await factory.makePeerConnection(configuration)
            } catch {
                await center?.answered(id, .failed("\(error)"))
                return
            }
            self?.made.withLock { $0 = connection }
            let events = Task { [weak center] in await Self.tell(connection, id, center) }
            await center?.opened(id)
            await center?.answered(id, .done)
            for await command in stream {
                guard command != .close else { break }
                let answer = await Self.perform(command, on: connection)
                await center?.answered(id, answer)
            }
            events.cancel()
            await connection.close()
        }
    }

    /// nil until the library has made it.
    var connection: (any PeerConnection)? { made.withLock { $0 } }

    func perform(_ command: PeerCommand) {
        commands.yield(command)
        if command == .close { commands.finish() }
    }

    func close() {
        perform(.close)
    }

    private static func tell(_ connection: some PeerConnection, _ id: PeerID, _ center: CallCenter?) async {
        for await event in connection.events { await center?.happened(id, event) }
    }

    private static func perform(_ command: PeerCommand, on connection: any PeerConnection) async -> PeerAnswer {
        do {
            switch command {
            case .createOffer(let restartingICE):
                return .description(try await connection.createOffer(restartingICE: restartingICE))
            case .createAnswer: return .description(try await connection.createAnswer())
            case .setLocal(let description): try await connection.setLocalDescription(description)
            case .setRemote(let description): try await connection.setRemoteDescription(description)
            case .rollBack: try await connection.rollBack()
            case .add(let candidates): for candidate in candidates { try await connection.add(candidate) }
            case .send(let media): try await connection.send(media)
            case .setIceServers(let servers): try await connection.setIceServers(servers)
            case .readRemoteDigests: return .digests(await connection.remoteCertificateDigests())
            case .open, .close: break
            }
            return .done
        } catch {
            return .failed("\(error)")
        }
    }
}
