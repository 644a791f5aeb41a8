import Foundation
import SwitchboardTransport
import Testing

@Suite("Static files (temporary directory)")
struct StaticFilesTests {
    /// A directory with a site in it and a secret beside it.
    private func withSite(_ body: (StaticFiles) async throws -> Void) async throws {
        let top = FileManager.default.temporaryDirectory.appending(component: "static-\(UUID().uuidString)")
        let root = top.appending(component: "site")
        try FileManager.default.createDirectory(
            at: root.appending(path: "demo"), withIntermediateDirectories: true)
        try FileManager.default.createDirectory(at: root.appending(path: "sdk"), withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: top) }
        try Data("<p>demo</p>".utf8).write(to: root.appending(path: "demo/index.html"))
        try Data("let a = 1".utf8).write(to: root.appending(path: "sdk/client.js"))
        try Data("hidden".utf8).write(to: root.appending(path: "sdk/.hidden"))
        try Data("secret".utf8).write(to: top.appending(path: "secret.txt"))
        try Data("secret".utf8).write(to: top.appending(path: "site-secret.txt"))
        try FileManager.default.createSymbolicLink(
            at: root.appending(path: "sdk/link.txt"), withDestinationURL: top.appending(path: "secret.txt"))
        try await body(StaticFiles(root: root, mounts: ["/": "demo", "/sdk/": "sdk"]))
    }

    private func get(_ path: String, _ headers: HTTPHeaderFields = [:]) -> HTTPRequest {
        HTTPRequest(method: "GET", path: path, headers: headers)
    }

    @Test("Files come with their type and the headers that keep a page to itself")
    func files() async throws {
        try await withSite { site in
            let page = await site.respond(to: get("/"))
            #expect(page.status == 200)
            #expect(page.body == Array("<p>demo</p>".utf8))
            #expect(page.headers["Content-Type"] == "text/html; charset=utf-8")
            #expect(
                page.headers["content-security-policy"]?.hasPrefix("default-src 'self'; connect-src 'self' ws: wss:")
                    == true)
            #expect(page.headers["permissions-policy"]?.contains("microphone=(self)") == true)
            #expect(page.headers["x-content-type-options"] == "nosniff")
            let script = await site.respond(to: get("/sdk/client.js"))
            #expect(script.body == Array("let a = 1".utf8))
            #expect(script.headers["content-type"] == "text/javascript; charset=utf-8")
        }
    }

    @Test("A copy that is still right is not sent again")
    func entityTags() async throws {
        try await withSite { site in
            let tag = try #require(await site.respond(to: get("/sdk/client.js")).headers["etag"])
            let again = await site.respond(to: get("/sdk/client.js", ["if-none-match": tag]))
            #expect(again.status == 304)
            #expect(again.body.isEmpty)
            #expect(await site.respond(to: get("/", ["if-none-match": tag])).status == 200)
        }
    }

    @Test(
        "Nothing outside the root is served, nor what is hidden, nor a directory",
        arguments: [
            "/../secret.txt", "/sdk/../../secret.txt", "/sdk/../../site-secret.txt", "/sdk/link.txt", "/sdk/.hidden",
            "//../secret.txt", "/sdk/..\\..\\secret.txt", "/sdk", "/sdk/nothing.js", "/.", "/sdk/client.js/",
        ])
    func outside(_ path: String) async throws {
        try await withSite { site in
            #expect(await site.respond(to: get(path)).status == 404)
        }
    }

    @Test("Only GET and HEAD are served")
    func methods() async throws {
        try await withSite { site in
            let response = await site.respond(to: HTTPRequest(method: "POST", path: "/"))
            #expect(response.status == 405)
            #expect(response.headers["allow"] == "GET, HEAD")
        }
    }
}
