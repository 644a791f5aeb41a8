import Crypto
public import Foundation

/// Serves the files of a directory to browsers, with the headers that keep a page to itself.
///
/// Files are read at every request: meant for a demo page and for development, not for many visitors. Nothing outside the
/// directory is served, neither by `..` nor by way of a symbolic link.
public struct StaticFiles: HTTPResponder {
    private let root: URL
    private let mounts: [Mount]
    private let maxFileBytes: Int

    private struct Mount: Sendable {
        var prefix: String
        var directory: String
    }

    /// - Parameters:
    ///   - mounts: parts of the root under other paths, `["/sdk/": "Modules"]`; the longest prefix wins. Everything else is
    ///     looked up under the root itself.
    ///   - maxFileBytes: larger files are not served.
    public init(root: URL, mounts: [String: String] = [:], maxFileBytes: Int = 8 * 1024 * 1024) {
        self.root = root.resolvingSymlinksInPath().standardizedFileURL
        self.mounts = mounts.map { Mount(prefix: $0.key, directory: $0.value) }.sorted {
            $0.prefix.count > $1.prefix.count
        }
        self.maxFileBytes = maxFileBytes
    }

    public func respond(to request: HTTPRequest) async -> HTTPResponse {
        guard request.method == "GET" || request.method == "HEAD" else { return .methodNotAllowed(["GET", "HEAD"]) }
        guard let file = resolve(request.path), let content = read(file) else { return .notFound }
        let tag = "\"" + SHA256.hash(data: content).prefix(16).map(Self.hex).joined() + "\""
        var headers = Self.securityHeaders
        headers["etag"] = tag
        // A browser asks every time whether its copy is still right, so that an edited file shows at once.
        headers["cache-control"] = "no-cache"
        if request.headers["if-none-match"] == tag { return HTTPResponse(status: 304, headers: headers) }
        headers["content-type"] = ContentType.of(fileName: file.lastPathComponent)
        return HTTPResponse(status: 200, headers: headers, body: Array(content))
    }

    /// Scripts, styles and connections of this origin only; camera and microphone for this origin, which a call needs.
    static let securityHeaders: HTTPHeaderFields = [
        "content-security-policy":
            "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; media-src 'self' blob: mediastream:; "
            + "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
        "permissions-policy": "camera=(self), microphone=(self), display-capture=(self)",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    ]

    /// The regular file that a path names; nil if there is none within the root.
    private func resolve(_ path: String) -> URL? {
        var components = path.split(separator: "/", omittingEmptySubsequences: true)
        var base = root
        if let mount = mounts.first(where: { path.hasPrefix($0.prefix) }) {
            components.removeFirst(mount.prefix.split(separator: "/", omittingEmptySubsequences: true).count)
            base = root.appending(path: mount.directory, directoryHint: .isDirectory)
        }
        // Names with a leading dot are nobody's business (and among them is `..`); a backslash never occurs in ours.
        guard components.allSatisfy({ !$0.hasPrefix(".") && !$0.contains("\\") }) else { return nil }
        if components.isEmpty || path.hasSuffix("/") { components.append("index.html") }
        let file = components.reduce(base) { $0.appending(component: $1) }.resolvingSymlinksInPath().standardizedFileURL
        let rootPath = root.path(percentEncoded: false)
        let prefix = rootPath.hasSuffix("/") ? rootPath : rootPath + "/"
        return file.path(percentEncoded: false).hasPrefix(prefix) ? file : nil
    }

    private func read(_ file: URL) -> Data? {
        let values = try? file.resourceValues(forKeys: [.isRegularFileKey, .fileSizeKey])
        guard values?.isRegularFile == true, let size = values?.fileSize, size <= maxFileBytes else { return nil }
        return try? Data(contentsOf: file)
    }

    private static func hex(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16)
        return digits.count == 2 ? digits : "0" + digits
    }
}
