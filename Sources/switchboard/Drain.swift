import ArgumentParser
import Foundation
import NIOHTTP1
import SwitchboardProbe

struct Drain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Let a node leave in order, and wait until it has gone.",
        discussion: """
            The node takes no new clients, others take over the calls that it leads, and its clients are sent elsewhere one
            after the other (those whose call is being set up first); then its process ends. No message is lost and no call
            ends by it. SIGTERM to the process does the same.

            NODE is the address of the node's internal port.

            Examples:
              switchboard drain 127.0.0.1:9090
              switchboard drain 10.0.0.7:9090 --no-wait
            """)

    @Argument(help: "HOST:PORT of the node's internal port.")
    var node: String

    @Flag(inversion: .prefixedNo, help: "Wait until the node has gone.")
    var wait = true

    @Option(help: ArgumentHelp("Give up waiting after that many seconds.", valueName: "seconds"))
    var timeout = 120

    func validate() throws {
        guard address != nil else { throw ValidationError("NODE is HOST:PORT, for example 127.0.0.1:9090") }
        guard (1...86_400).contains(timeout) else { throw ValidationError("--timeout is between 1 and 86400 seconds") }
    }

    private var address: (host: String, port: Int)? {
        guard let colon = node.lastIndex(of: ":"), let port = Int(node[node.index(after: colon)...]),
            (1...65_535).contains(port)
        else { return nil }
        let host = node[..<colon].trimmingPrefix("[").replacing("]", with: "")
        return host.isEmpty ? nil : (String(host), port)
    }

    func run() async throws {
        guard let (host, port) = address else { return }
        let answer: (status: Int, body: [UInt8])
        do {
            answer = try await SmallHTTPRequest(host: host, port: port, method: .POST, path: "/drain").answer()
        } catch {
            throw ValidationError(
                "nobody answers at \(node) (\(error)). It must be the internal port (internal.port) of a running node.")
        }
        guard answer.status == 202 else {
            throw ValidationError(
                "\(node) answers with HTTP status \(answer.status); is it the internal port of a node?")
        }
        print(String(decoding: answer.body, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
        guard wait else { return }
        let deadline = ContinuousClock.now + .seconds(timeout)
        while ContinuousClock.now < deadline {
            let alive = try? await SmallHTTPRequest(host: host, port: port, method: .GET, path: "/health/live").answer()
            guard alive != nil else { return print("gone") }
            try await Task.sleep(for: .milliseconds(200))
        }
        throw ValidationError("\(node) has not gone within \(timeout) s; look into its log, or wait longer.")
    }
}
