import CZooKeeper
import Synchronization

extension Session {
    /// Checks a request, enters it in the table and hands it to the library, which never blocks here.
    ///
    /// - Throws: Why nothing was sent. Then the recipient gets no answer.
    func submit(_ request: ZooKeeperRequest, for recipient: Recipient) throws(ZooKeeperError) {
        try check(request)
        try state.withLock { state throws(ZooKeeperError) in
            if let refusal = state.machine.refusal { throw refusal }
            guard let handle = state.handle else { throw .notConnected }
            if case .multi = request { try checkIsConnected(state, handle) }
            guard let serial = state.pending.insert(recipient) else { throw .overloaded }
            let code = send(request, serial: serial, to: handle.pointer, &state)
            // An answer that still came for a refused request would find nobody.
            if code != ZOK.rawValue {
                _ = state.pending.remove(serial)
                throw ZooKeeperError(code: code)
            }
        }
    }

    private func check(_ request: ZooKeeperRequest) throws(ZooKeeperError) {
        for path in request.paths where !NodePath.isValid(path) { throw .invalidPath(path) }
        let byteCount = request.byteCount
        if byteCount > configuration.maximumRequestBytes {
            throw .requestTooLarge(byteCount: byteCount, limit: configuration.maximumRequestBytes)
        }
    }

    /// `zoo_amulti` of the C library 3.8.0 corrupts the heap when its handle's session has expired. An expiry is only found
    /// after a disconnection and a new handshake, so a handle that is connected now cannot expire within the call.
    private func checkIsConnected(_ state: State, _ handle: LibraryHandle) throws(ZooKeeperError) {
        guard state.machine.isConnected, zoo_state(handle.pointer) == ZOO_CONNECTED_STATE else { throw .notConnected }
    }

    /// C has read paths and data when its function returns; what a multi answers it writes later.
    private func send(
        _ request: ZooKeeperRequest, serial: UInt64, to handle: OpaquePointer, _ state: inout State
    ) -> Int32 {
        let token = RequestToken(session: number, serial: serial).pointer
        switch request {
        case .create(let path, let data, let mode):
            return data.withLibraryBytes { bytes, count in
                zoo_acreate(
                    handle, path, bytes, count, czookeeper_open_acl(), mode.libraryValue, createCompleted, token)
            }
        case .get(let path):
            return zoo_aget(handle, path, 0, getCompleted, token)
        case .set(let path, let data, let version):
            return data.withLibraryBytes { bytes, count in
                zoo_aset(handle, path, bytes, count, version ?? anyVersion, setCompleted, token)
            }
        case .delete(let path, let version):
            return zoo_adelete(handle, path, version ?? anyVersion, deleteCompleted, token)
        case .children(let path, let watch):
            let watcher: watcher_fn? = watch ? childrenWatcher : nil
            return zoo_awget_children2(handle, path, watcher, number.pointer, childrenCompleted, token)
        case .exists(let path):
            return zoo_aexists(handle, path, 0, existsCompleted, token)
        case .sync(let path):
            return zoo_async(handle, path, syncCompleted, token)
        case .multi(let operations):
            let results = MultiResults(operations)
            state.multiResults[serial] = results
            var arguments = MultiArguments(operations, statuses: results.statuses)
            defer { arguments.deallocate() }
            return zoo_amulti(
                handle, Int32(operations.count), arguments.operations, results.results, multiCompleted, token)
        }
    }
}

extension [UInt8] {
    /// Lends the bytes as C's `const char *` and `int`.
    func withLibraryBytes(_ body: (UnsafePointer<CChar>?, Int32) -> Int32) -> Int32 {
        withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { body($0.baseAddress, Int32($0.count)) }
        }
    }
}
