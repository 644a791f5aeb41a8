import SwitchboardCore

/// What is known of hosts for a short while: their addresses, each of them checked, and which one to take. Pure.
///
/// A connection is made to the very address that was checked. Asking for the name once more when connecting would let its owner
/// answer otherwise the second time (DNS rebinding).
struct AddressBook {
    private struct Entry {
        var addresses: [IPAddress]
        var known: Moment
        var preferred = 0
    }

    private let allowsLoopback: Bool
    private let age: Duration
    private let capacity: Int
    private var entries: [String: Entry] = [:]

    /// - Parameters:
    ///   - age: after that the name is asked for again.
    ///   - capacity: hosts; beyond it the oldest is forgotten.
    init(allowsLoopback: Bool, age: Duration = .seconds(30), capacity: Int = 256) {
        self.allowsLoopback = allowsLoopback
        self.age = age
        self.capacity = capacity
    }

    /// nil: resolve it, and tell by ``resolved(_:to:now:)``.
    func address(of host: String, now: Moment) -> IPAddress? {
        guard let entry = entries[host], now - entry.known < age else { return nil }
        return entry.addresses[entry.preferred]
    }

    /// - Returns: the address to connect to.
    /// - Throws: if *any* of the addresses is special: a host that is half inside is not trusted at all.
    mutating func resolved(_ host: String, to addresses: [IPAddress], now: Moment) throws(OutboundError) -> IPAddress {
        for address in addresses {
            if allowsLoopback, SpecialAddresses.isLoopback(address) { continue }
            guard let meaning = SpecialAddresses.meaning(of: address) else { continue }
            entries[host] = nil
            throw .refused(.special(host: host, meaning: meaning))
        }
        guard let first = addresses.first else { throw .failed("no address found for \(host)") }
        var entry = Entry(addresses: addresses, known: now)
        if let before = entries[host], let kept = addresses.firstIndex(of: before.addresses[before.preferred]) {
            // Connections to it may be open.
            entry.preferred = kept
        } else if entries[host] == nil, entries.count >= capacity {
            entries.min { $0.value.known < $1.value.known }.map { entries[$0.key] = nil }
        }
        entries[host] = entry
        return entries[host]?.addresses[entry.preferred] ?? first
    }

    /// Nothing could be sent there: the next attempt goes to the host's next address.
    mutating func failed(_ address: IPAddress, of host: String) {
        guard var entry = entries[host], entry.addresses[entry.preferred] == address else { return }
        entry.preferred = (entry.preferred + 1) % entry.addresses.count
        entries[host] = entry
    }
}
