import CZooKeeper

/// The library's handle of one session (`zhandle_t`).
///
/// `@unchecked Sendable`: the library locks inside, and any thread may use a handle until `zookeeper_close` is called on it.
/// ``Session`` sees to that: it makes requests under the lock that also takes the handle away from whoever might come later.
struct LibraryHandle: @unchecked Sendable {
    let pointer: OpaquePointer

    /// Starts the library's two threads, one for the socket and one for all callbacks. Blocks while names are resolved.
    static func open(
        _ configuration: ZooKeeperConfiguration, session: SessionNumber
    ) throws(ZooKeeperError) -> LibraryHandle {
        LibraryLog.install(configuration.logger)
        let pointer = zookeeper_init2(
            configuration.hosts, sessionWatcher, configuration.sessionTimeout.clampedMilliseconds, nil, session.pointer,
            ZOO_NO_LOG_CLIENTENV, libraryLogLine)
        guard let pointer else {
            let reason = String(cString: czookeeper_last_error())
            throw .cannotStart(reason: "\(reason) (hosts: \(configuration.hosts.debugDescription))")
        }
        zoo_set_servers_resolution_delay(pointer, configuration.hostResolutionInterval.clampedMilliseconds)
        return LibraryHandle(pointer: pointer)
    }

    /// Ends the session and joins the library's threads: no callback runs any more when this returns. Blocks for up to
    /// 4.5 seconds (3 to send what is queued, 1.5 for the server to close the connection), and for as long as a callback does.
    func close() {
        zookeeper_close(pointer)
    }
}
