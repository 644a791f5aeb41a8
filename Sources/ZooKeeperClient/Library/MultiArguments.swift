import CZooKeeper

/// The operations of a multi as C wants them. C reads them during the call only.
struct MultiArguments {
    private(set) var operations: [zoo_op_t] = []
    private var copies: [UnsafeMutableBufferPointer<CChar>] = []

    /// - Parameter statuses: Where C writes the new status of each node whose data is set; one for every operation.
    init(_ source: [ZooKeeperOperation], statuses: UnsafeMutablePointer<Stat>) {
        operations.reserveCapacity(source.count)
        for (index, operation) in source.enumerated() {
            var argument = zoo_op_t()
            let path = copy(operation.path.utf8, terminated: true)
            switch operation {
            case .create(_, let data, let mode):
                zoo_create_op_init(
                    &argument, path.baseAddress, copy(data, terminated: false).baseAddress, Int32(data.count),
                    czookeeper_open_acl(), mode.libraryValue, nil, 0)
            case .set(_, let data, let version):
                zoo_set_op_init(
                    &argument, path.baseAddress, copy(data, terminated: false).baseAddress, Int32(data.count),
                    version ?? anyVersion, statuses + index)
            case .delete(_, let version):
                zoo_delete_op_init(&argument, path.baseAddress, version ?? anyVersion)
            case .check(_, let version):
                zoo_check_op_init(&argument, path.baseAddress, version ?? anyVersion)
            }
            operations.append(argument)
        }
    }

    /// To be called when C has returned.
    mutating func deallocate() {
        operations = []
        for copy in copies { copy.deallocate() }
        copies = []
    }

    /// Copies bytes to where they stay until ``deallocate()``.
    private mutating func copy(_ bytes: some Collection<UInt8>, terminated: Bool) -> UnsafeMutableBufferPointer<CChar> {
        let memory = UnsafeMutableBufferPointer<CChar>.allocate(capacity: bytes.count + (terminated ? 1 : 0))
        _ = memory.initialize(from: bytes.lazy.map { CChar(bitPattern: $0) })
        if terminated { memory[bytes.count] = 0 }
        copies.append(memory)
        return memory
    }
}
