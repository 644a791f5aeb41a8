import Foundation
import SwiftProtobuf
import SwitchboardProtocol

/// A configuration file, checked for what the configuration library does not check: unknown keys, wrong kinds, and the list of
/// ICE servers.
struct SettingsFile {
    var iceServers: [WireIceServer] = []
    var problems: [String] = []

    /// - Throws: `SettingsError` if the file can't be read or is not JSON.
    init(path: String) throws(SettingsError) {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw SettingsError(["\(path) cannot be read; does it exist?"])
        }
        let parsed: Any
        do {
            parsed = try JSONSerialization.jsonObject(with: data)
        } catch {
            throw SettingsError(["\(path) is not JSON: \(error.localizedDescription)"])
        }
        guard let object = parsed as? [String: Any] else {
            throw SettingsError(["\(path) must hold one JSON object"])
        }
        check(object, prefix: "")
        if let list = object["iceServers"] {
            readIceServers(list)
        }
    }

    private mutating func check(_ object: [String: Any], prefix: String) {
        for (name, value) in object.sorted(by: { $0.key < $1.key }) {
            let key = prefix + name
            if let known = SettingsKey.named(key) {
                if !Self.fits(value, known.kind) {
                    problems.append("\(key) must be a \(known.kind.rawValue): \(known.meaning)")
                }
            } else if let section = value as? [String: Any],
                SettingsKey.all.contains(where: { $0.name.hasPrefix(key + ".") })
            {
                check(section, prefix: key + ".")
            } else {
                problems.append("unknown key \(key)\(Self.suggestion(for: key))")
            }
        }
    }

    private static func fits(_ value: Any, _ kind: SettingsKey.Kind) -> Bool {
        switch kind {
        case .text: value is String
        case .flag: (value as? NSNumber).map { CFBoolean.isBoolean($0) } ?? false
        case .number: (value as? NSNumber).map { !CFBoolean.isBoolean($0) } ?? false
        case .list: value is [Any]
        }
    }

    /// The known key that differs least, if one is near.
    private static func suggestion(for key: String) -> String {
        let last = key.split(separator: ".").last.map(String.init) ?? key
        let near = SettingsKey.all.first {
            $0.name.lowercased() == key.lowercased() || $0.name.hasSuffix("." + last)
        }
        return near.map { "; did you mean \($0.name)?" } ?? "; see docs/OPERATING.md for the table of keys"
    }

    private mutating func readIceServers(_ list: Any) {
        guard let servers = list as? [[String: Any]] else {
            problems.append("iceServers must be a list of {urls, username, credential}")
            return
        }
        for server in servers {
            let urls = server["urls"] as? [String] ?? (server["urls"] as? String).map { [$0] } ?? []
            guard !urls.isEmpty, urls.allSatisfy({ $0.hasPrefix("stun") || $0.hasPrefix("turn") }) else {
                problems.append("iceServers: each needs urls that begin with stun:, stuns:, turn: or turns:")
                continue
            }
            iceServers.append(
                WireIceServer.with {
                    $0.urls = urls
                    $0.username = server["username"] as? String ?? ""
                    $0.credential = server["credential"] as? String ?? ""
                })
        }
    }
}

/// JSON's true and false among numbers, which Foundation keeps in one class.
private enum CFBoolean {
    static func isBoolean(_ number: NSNumber) -> Bool { String(cString: number.objCType) == "c" }
}
