import CZooKeeper

// All functions here are called by C, on the library's callback thread, in one order with the watchers and in the order of the
// requests. None of the library's locks is held, so requests may be made from here. What C passes lives until the return, so it
// is copied. They are plain functions of the file, for a closure that belonged to an actor would trap on this thread. `token`
// is a ``RequestToken``. A completion may never come (when its handle is closed), or find its request already failed.

func createCompleted(code: Int32, path: UnsafePointer<CChar>?, token: UnsafeRawPointer?) {
    complete(token, code) { .created }
}

func getCompleted(
    code: Int32, bytes: UnsafePointer<CChar>?, count: Int32, status: UnsafePointer<Stat>?, token: UnsafeRawPointer?
) {
    complete(token, code) {
        // The count is -1 for a node that was created without data.
        let buffer = UnsafeRawBufferPointer(start: bytes, count: bytes == nil ? 0 : max(0, Int(count)))
        return .data([UInt8](buffer), ZooKeeperNodeStatus(status))
    }
}

func setCompleted(code: Int32, status: UnsafePointer<Stat>?, token: UnsafeRawPointer?) {
    complete(token, code) { .dataSet(ZooKeeperNodeStatus(status)) }
}

func deleteCompleted(code: Int32, token: UnsafeRawPointer?) {
    complete(token, code) { .deleted }
}

func childrenCompleted(
    code: Int32, names: UnsafePointer<String_vector>?, status: UnsafePointer<Stat>?, token: UnsafeRawPointer?
) {
    complete(token, code) { .children(strings(names), ZooKeeperNodeStatus(status)) }
}

func existsCompleted(code: Int32, status: UnsafePointer<Stat>?, token: UnsafeRawPointer?) {
    if code == ZNONODE.rawValue {
        complete(token, ZOK.rawValue) { .exists(nil) }
    } else {
        complete(token, code) { .exists(ZooKeeperNodeStatus(status)) }
    }
}

func syncCompleted(code: Int32, path: UnsafePointer<CChar>?, token: UnsafeRawPointer?) {
    complete(token, code) { .synced }
}

func multiCompleted(code: Int32, token: UnsafeRawPointer?) {
    guard let token = RequestToken(token), let session = SessionRegistry.session(token.session) else { return }
    session.multiAnswered(token.serial, code: code)
}

private func complete(_ token: UnsafeRawPointer?, _ code: Int32, _ response: () -> ZooKeeperResponse) {
    guard let token = RequestToken(token), let session = SessionRegistry.session(token.session) else { return }
    session.answered(token.serial, code == ZOK.rawValue ? .success(response()) : .failure(ZooKeeperError(code: code)))
}

private func strings(_ vector: UnsafePointer<String_vector>?) -> [String] {
    guard let vector = vector?.pointee, let start = vector.data else { return [] }
    return UnsafeBufferPointer(start: start, count: Int(vector.count)).map { $0.map { String(cString: $0) } ?? "" }
}
