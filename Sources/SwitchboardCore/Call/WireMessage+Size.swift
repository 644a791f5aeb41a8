import SwitchboardProtocol

extension WireMessage {
    /// Bytes it occupies in memory, roughly: what can be large is counted, the rest is a constant.
    var roughBytes: Int {
        switch content {
        case .description_p(let description): 256 + description.sdp.utf8.count
        case .candidates(let candidates): 256 + candidates.candidates.count * 200
        case .info(let info): 256 + info.body.utf8.count
        case .security(let security): 256 + security.value.utf8.count
        default: 256
        }
    }
}
