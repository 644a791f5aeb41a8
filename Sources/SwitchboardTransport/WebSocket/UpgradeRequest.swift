import SwitchboardProtocol

/// The decision whether a request becomes a WebSocket, and the answer if not. Pure.
enum UpgradeRequest {
    struct Refusal: Error, Equatable {
        var response: HTTPResponse
    }

    /// Checks what the handshake of RFC 6455 §4.2.1 demands, and that one of our subprotocols is offered.
    static func check(
        method: String, header: (String) -> [String], hasRoom: Bool
    ) throws(Refusal) -> Subprotocol {
        guard method == "GET", list(header("upgrade")).contains(where: { $0.lowercased() == "websocket" }) else {
            var response = HTTPResponse.error(
                status: 426, name: "upgrade_required", message: "This address speaks WebSocket only (RFC 6455).")
            response.headers["upgrade"] = "websocket"
            throw Refusal(response: response)
        }
        guard header("sec-websocket-version") == ["13"] else {
            var response = HTTPResponse.error(
                status: 400, name: "unsupported_version", message: "Use version 13 of the WebSocket protocol.")
            response.headers["sec-websocket-version"] = "13"
            throw Refusal(response: response)
        }
        guard header("sec-websocket-key").count == 1 else {
            throw Refusal(
                response: .error(
                    status: 400, name: "bad_handshake", message: "Send exactly one Sec-WebSocket-Key header."))
        }
        guard let subprotocol = Subprotocol.negotiate(offered: list(header("sec-websocket-protocol"))) else {
            let names = Subprotocol.allCases.map(\.rawValue).joined(separator: " or ")
            throw Refusal(
                response: .error(
                    status: 400, name: "unsupported_subprotocol",
                    message: "Offer \(names) in Sec-WebSocket-Protocol."))
        }
        guard hasRoom else {
            let name = ErrorName.tooManyConnections
            var response = HTTPResponse.error(status: 503, name: name.rawValue, message: name.advice)
            response.headers["retry-after"] = "5"
            throw Refusal(response: response)
        }
        return subprotocol
    }

    /// The elements of a comma-separated header, over all its lines.
    private static func list(_ lines: [String]) -> [String] {
        lines.flatMap { $0.split(separator: ",") }.map { element in
            String(element.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
        }
    }
}
