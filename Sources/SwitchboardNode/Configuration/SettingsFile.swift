import Configuration
import Foundation

/// A configuration file, read here rather than by the configuration library, which checks neither for unknown keys nor for wrong
/// kinds, and takes no lists of objects, such as the ICE servers are.
struct SettingsFile {
    /// What the file says, for the configuration library.
    private(set) var values: [AbsoluteConfigKey: ConfigValue] = [:]
    private(set) var iceServers: [IceServerEntry] = []
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
        if let list = object["iceServers"] as? [Any] {
            readIceServers(list)
        }
    }

    private mutating func check(_ object: [String: Any], prefix: String) {
        for (name, value) in object.sorted(by: { $0.key < $1.key }) {
            let key = prefix + name
            if let known = SettingsKey.named(key) {
                take(value, for: known)
            } else if let section = value as? [String: Any],
                SettingsKey.all.contains(where: { $0.name.hasPrefix(key + ".") })
            {
                check(section, prefix: key + ".")
            } else {
                problems.append("unknown key \(key)\(Self.suggestion(for: key))")
            }
        }
    }

    private mutating func take(_ value: Any, for key: SettingsKey) {
        let content: ConfigContent?
        switch key.kind {
        case .text: content = (value as? String).map { .string($0) }
        case .flag: content = (value as? NSNumber).flatMap { $0.isBoolean ? .bool($0.boolValue) : nil }
        case .number: content = (value as? NSNumber).flatMap { $0.wholeNumber.map { .int($0) } }
        case .list:
            if !(value is [Any]) { problems.append("\(key.name) must be a list: \(key.meaning)") }
            return
        }
        guard let content else {
            return problems.append("\(key.name) must be a \(key.kind.rawValue): \(key.meaning)")
        }
        values[key.configKey] = ConfigValue(content, isSecret: false)
    }

    /// The known key that differs least, if one is near.
    private static func suggestion(for key: String) -> String {
        let last = key.split(separator: ".").last.map(String.init) ?? key
        let near = SettingsKey.all.first {
            $0.name.lowercased() == key.lowercased() || $0.name.hasSuffix("." + last)
        }
        return near.map { "; did you mean \($0.name)?" } ?? "; see docs/OPERATING.md for the table of keys"
    }

    private mutating func readIceServers(_ list: [Any]) {
        guard let servers = list as? [[String: Any]] else {
            problems.append("iceServers must be a list of objects with urls; see docs/OPERATING.md")
            return
        }
        for server in servers {
            do throws(SettingsError) {
                iceServers.append(try IceServerEntry(server))
            } catch {
                problems += error.problems
            }
        }
    }
}

/// JSON's true and false are among its numbers in Foundation.
extension NSNumber {
    fileprivate var isBoolean: Bool { String(cString: objCType) == "c" }

    /// nil for true, false, and what has a fraction.
    fileprivate var wholeNumber: Int? { isBoolean ? nil : Int(exactly: doubleValue) }
}
