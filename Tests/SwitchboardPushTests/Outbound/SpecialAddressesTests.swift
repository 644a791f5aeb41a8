import SwitchboardCore
import Testing

@testable import SwitchboardPush

@Suite("SpecialAddresses")
struct SpecialAddressesTests {
    @Test(
        "Pushes never go there",
        arguments: [
            "0.0.0.0", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.0.9",
            "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.168.1.1", "198.18.0.1",
            "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
            "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.1.2.3", "64:ff9b::10.0.0.1", "64:ff9b:1::1",
            "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "2002:c0a8:101::1", "3fff::1", "5f00::1", "fc00::1",
            "fd12:3456::1", "fe80::1", "fec0::1", "ff02::1",
        ])
    func special(text: String) throws {
        #expect(SpecialAddresses.meaning(of: try #require(IPAddress(text))) != nil)
    }

    @Test(
        "Ordinary hosts",
        arguments: [
            "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.1", "100.63.0.1", "100.128.0.1", "172.15.0.1", "172.32.0.1",
            "192.167.1.1", "223.255.255.255", "2606:4700::1111", "2a00:1450:4001::200e", "2620:1ec::1",
            "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1",
        ])
    func ordinary(text: String) throws {
        #expect(SpecialAddresses.meaning(of: try #require(IPAddress(text))) == nil)
    }

    @Test("Only the usual spellings are addresses; what else a resolver would take is a name, and is resolved")
    func spellings() {
        for text in ["127.1", "0x7f.0.0.1", "2130706433", "0177.0.0.1", "127.0.0.1.", "[::1]", "fe80::1%lo", ""] {
            #expect(IPAddress(text) == nil, "\(text)")
        }
        #expect(IPAddress("2001:DB8:0:0::1")?.description == "2001:db8:0:0:0:0:0:1")
        #expect(IPAddress("192.168.0.1")?.description == "192.168.0.1")
    }
}

@Suite("AddressBook")
struct AddressBookTests {
    private let start = Moment(.zero)
    private func addresses(_ texts: String...) -> [IPAddress] { texts.compactMap { IPAddress($0) } }

    @Test("A name is asked for again when it is old")
    func age() throws {
        var book = AddressBook(allowsLoopback: false, age: .seconds(30))
        #expect(book.address(of: "a", now: start) == nil)
        #expect(try book.resolved("a", to: addresses("1.1.1.1"), now: start).description == "1.1.1.1")
        #expect(book.address(of: "a", now: start + .seconds(29))?.description == "1.1.1.1")
        #expect(book.address(of: "a", now: start + .seconds(30)) == nil)
    }

    @Test("One special address among others spoils the host, at the first time and at any later one")
    func special() throws {
        var book = AddressBook(allowsLoopback: false)
        #expect(throws: OutboundError.refused(.special(host: "a", meaning: "private"))) {
            try book.resolved("a", to: addresses("1.1.1.1", "10.0.0.1"), now: start)
        }
        #expect(book.address(of: "a", now: start) == nil)
        _ = try book.resolved("a", to: addresses("1.1.1.1"), now: start)
        #expect(throws: OutboundError.self) { try book.resolved("a", to: addresses("127.0.0.1"), now: start) }
        #expect(book.address(of: "a", now: start) == nil, "what was known before is not used any more")
        #expect(throws: OutboundError.self) { try book.resolved("a", to: [], now: start) }
    }

    @Test("Loopback may be opened; nothing else is by that")
    func loopback() throws {
        var book = AddressBook(allowsLoopback: true)
        #expect(try book.resolved("a", to: addresses("::1", "127.0.0.1"), now: start).description == "0:0:0:0:0:0:0:1")
        #expect(throws: OutboundError.self) { try book.resolved("a", to: addresses("192.168.0.1"), now: start) }
        #expect(throws: OutboundError.self) { try book.resolved("a", to: addresses("169.254.169.254"), now: start) }
    }

    @Test("After a failure the next address is taken, and kept as long as the host has it")
    func failing() throws {
        var book = AddressBook(allowsLoopback: false)
        let (first, second, third) = ("1.1.1.1", "1.1.1.2", "1.1.1.3")
        let one = try book.resolved("a", to: addresses(first, second), now: start)
        book.failed(one, of: "a")
        #expect(book.address(of: "a", now: start)?.description == second)
        book.failed(one, of: "a")
        #expect(book.address(of: "a", now: start)?.description == second, "news of another address")
        #expect(try book.resolved("a", to: addresses(first, third, second), now: start).description == second)
        #expect(try book.resolved("a", to: addresses(first, third), now: start).description == first)
    }

    @Test("Bounded: the oldest host is forgotten")
    func bounded() throws {
        var book = AddressBook(allowsLoopback: false, capacity: 2)
        for (index, host) in ["a", "b", "c"].enumerated() {
            _ = try book.resolved(host, to: addresses("1.1.1.1"), now: start + .seconds(index))
        }
        #expect(book.address(of: "a", now: start + .seconds(3)) == nil)
        #expect(book.address(of: "c", now: start + .seconds(3)) != nil)
    }
}
