import Glibc

/// What to wait for on a socket.
enum SocketInterest {
    case reading
    case writing
    case both

    fileprivate var events: Int16 {
        switch self {
        case .reading: Int16(POLLIN)
        case .writing: Int16(POLLOUT)
        case .both: Int16(POLLIN | POLLOUT)
        }
    }
}

/// Sleeps until the socket is ready, somebody calls, or the time is up.
///
/// - Returns: Whether there is something to do with the socket; errors on it count.
func waitForSocket(
    _ socket: (descriptor: Int32, interest: SocketInterest)?, or wakeup: Wakeup,
    until deadline: ContinuousClock.Instant?
) -> Bool {
    var descriptors = [pollfd(fd: wakeup.descriptor, events: Int16(POLLIN), revents: 0)]
    if let socket, socket.descriptor >= 0 {
        descriptors.append(pollfd(fd: socket.descriptor, events: socket.interest.events, revents: 0))
    }
    // Interrupted by a signal: as if nothing had come, and the caller looks at the clock again.
    guard poll(&descriptors, nfds_t(descriptors.count), timeout(until: deadline)) > 0 else { return false }
    if descriptors[0].revents != 0 { wakeup.drain() }
    return descriptors.count > 1 && descriptors[1].revents != 0
}

/// In milliseconds, rounded up: waking too early would be busy waiting.
private func timeout(until deadline: ContinuousClock.Instant?) -> Int32 {
    guard let deadline else { return -1 }
    let left = ContinuousClock.now.duration(to: deadline)
    guard left > .zero else { return 0 }
    return Int32(clamping: left.milliseconds + 1)
}
