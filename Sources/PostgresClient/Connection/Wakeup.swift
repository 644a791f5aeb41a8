import CLibPQ
import Glibc

/// Wakes a thread that sleeps in `poll(2)`: an eventfd, which counts signals until they are taken.
final class Wakeup: Sendable {
    /// To be polled for reading.
    let descriptor: Int32

    init() throws(PostgresConnectionError) {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard descriptor >= 0 else { throw .noDescriptor(errno: errno) }
    }

    deinit { close(descriptor) }

    /// Wakes the thread, now or at its next sleep. From any thread; cheap, and never blocks.
    func signal() {
        // Fails only if the counter is full, and then the thread wakes anyway.
        _ = eventfd_write(descriptor, 1)
    }

    /// Takes all signals, so that the next sleep is one.
    func drain() {
        var count: eventfd_t = 0
        _ = eventfd_read(descriptor, &count)
    }
}
