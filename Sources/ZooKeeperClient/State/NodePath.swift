/// The rules for a path, checked before C sees it.
///
/// They are those of ZooKeeper's data model ("The ZooKeeper Data Model" in its programmer's guide). The check is not for
/// comfort: `zoo_amulti` of the C library 3.8.0 frees memory twice when one of its paths is invalid.
enum NodePath {
    static func isValid(_ path: String) -> Bool {
        guard path.utf8.first == UInt8(ascii: "/") else { return false }
        guard path.unicodeScalars.allSatisfy(isAllowed) else { return false }
        if path.utf8.count == 1 { return true }
        return path.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy {
            !$0.isEmpty && !$0.elementsEqual(".".utf8) && !$0.elementsEqual("..".utf8)
        }
    }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x00...0x1f, 0x7f...0x9f, 0xd800...0xf8ff, 0xfff0...0xffff: false
        default: true
        }
    }
}
