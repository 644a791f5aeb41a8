import Foundation

/// File operations that tell in their errors which file it was.
enum Files {
    static func makeDirectory(_ path: String, owner: String? = nil) throws {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            if let owner { try FileManager.default.setAttributes([.ownerAccountName: owner], ofItemAtPath: path) }
        } catch {
            throw LocalClusterError.file(path: path, reason: "cannot make directory: \(error.localizedDescription)")
        }
    }

    static func write(_ text: String, to path: String, mode: Int = 0o644) throws {
        try makeDirectory((path as NSString).deletingLastPathComponent)
        // Written beside and renamed, so that a reader or a crash never sees half a file; the mode is there from the start.
        let partial = "\(path).new"
        unlink(partial)
        let made = FileManager.default.createFile(
            atPath: partial, contents: Data(text.utf8), attributes: [.posixPermissions: mode])
        guard made, rename(partial, path) == 0 else {
            throw LocalClusterError.file(path: path, reason: "cannot be written: \(String(cString: strerror(errno)))")
        }
    }

    static func remove(_ path: String) throws {
        guard FileManager.default.fileExists(atPath: path) else { return }
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw LocalClusterError.file(path: path, reason: "cannot be removed: \(error.localizedDescription)")
        }
    }

    static func move(_ path: String, to other: String) throws {
        guard rename(path, other) == 0 else {
            throw LocalClusterError.file(
                path: other, reason: "cannot be moved here: \(String(cString: strerror(errno)))")
        }
    }
}
