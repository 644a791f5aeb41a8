import Testing

@testable import ZooKeeperClient

@Suite("Node paths")
struct NodePathTests {
    @Test("Valid", arguments: ["/", "/a", "/a/b.c", "/a/...", "/a/.b", "/ä/日本", "/a b", "/😀"])
    func valid(_ path: String) {
        #expect(NodePath.isValid(path))
    }

    @Test(
        "Invalid",
        arguments: [
            "", "a", "a/b", "/a/", "//", "/a//b", "/.", "/..", "/a/./b", "/a/..", "/a\0b", "/a\nb", "/a\u{7f}",
            "/a\u{85}", "/\u{e000}", "/\u{ffff}",
        ])
    func invalid(_ path: String) {
        #expect(!NodePath.isValid(path))
    }
}
