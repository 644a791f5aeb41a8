/// What a responder answers. `Content-Length` is added by the server; a `HEAD` request gets the same head without the body.
public struct HTTPResponse: Sendable, Equatable {
    /// Status code, 200–599.
    public var status: Int
    public var headers: HTTPHeaderFields
    public var body: [UInt8]

    public init(status: Int, headers: HTTPHeaderFields = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    public static func text(_ text: String, status: Int = 200, contentType: String = "text/plain; charset=utf-8")
        -> HTTPResponse
    {
        HTTPResponse(
            status: status,
            headers: [
                "content-type": contentType, "cache-control": "no-store", "x-content-type-options": "nosniff",
            ],
            body: Array(text.utf8))
    }

    /// A response whose body is JSON text already.
    public static func json(_ text: String, status: Int = 200) -> HTTPResponse {
        .text(text, status: status, contentType: "application/json")
    }

    /// A refusal with a stable name for programs and a sentence for people: `{"error":name,"message":message}`.
    public static func error(status: Int, name: String, message: String) -> HTTPResponse {
        .json("{\"error\":\(JSONText.quoted(name)),\"message\":\(JSONText.quoted(message))}", status: status)
    }

    public static let notFound = HTTPResponse.error(
        status: 404, name: "not_found", message: "There is nothing at this address.")

    static let badRequest = HTTPResponse.error(
        status: 400, name: "bad_request", message: "The request target is not a path with valid percent-encoding.")

    static let bodyTooLarge = HTTPResponse.error(
        status: 413, name: "body_too_large", message: "The body is larger than this server takes; send less.")

    static func methodNotAllowed(_ allowed: [String]) -> HTTPResponse {
        var response = HTTPResponse.error(
            status: 405, name: "method_not_allowed", message: "Use \(allowed.joined(separator: " or ")).")
        response.headers["allow"] = allowed.joined(separator: ", ")
        return response
    }
}
