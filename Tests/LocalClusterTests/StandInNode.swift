import Foundation
import LocalCluster

/// A program that takes the place of `switchboard serve` where only its processes and ports matter.
enum StandInNode {
    /// Writes the program and returns its path. It answers `/health/ready`, and that it leads the call `known`.
    static func write(into directory: TemporaryDirectory) throws -> String {
        let path = directory.file("switchboard")
        try script.write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        return path
    }

    private static let script = """
        #!/usr/bin/env python3
        import http.server, json, os, sys, threading
        assert sys.argv[1:3] == ["serve", "--config"]
        config = json.load(open(sys.argv[3]))
        assert os.stat(config["auth"]["secretFile"]).st_mode & 0o077 == 0
        name = config["node"]["name"]
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                known = self.path in ("/", "/health/ready", "/conversations/known")
                body = json.dumps({"leader": name + ".7f", "epoch": 3, "node": name}).encode()
                self.send_response(200 if known else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
        http.server.ThreadingHTTPServer.allow_reuse_address = True
        servers = [http.server.ThreadingHTTPServer((config[part]["host"], config[part]["port"]), Handler)
                   for part in ("listen", "internal", "peer")]
        for server in servers[1:]:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        servers[0].serve_forever()

        """
}
