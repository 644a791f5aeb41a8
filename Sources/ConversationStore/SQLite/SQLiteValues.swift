import Foundation
import SwitchboardCore
import SwitchboardProtocol

extension ConversationID {
    var data: Data { Data(bytes) }
}

extension [UInt8] {
    var data: Data { Data(self) }
}

extension LogDay {
    /// - Parameter time: Milliseconds since 1970.
    init(containing time: Int64) {
        let day = (Double(time) / 86_400_000).rounded(.down)
        self.init(Int32(clamping: Int64(day)))
    }
}

extension Identifier {
    /// SQLite takes text up to the first NUL only: two names could become one.
    var isStorable: Bool { !text.utf8.contains(0) }

    func checkText() throws {
        guard isStorable else { throw DataRefusal("an identifier holds a NUL character") }
    }
}

extension LogAppend {
    func checkText() throws {
        try row.checkText()
        try id.incarnation.checkText()
        try pair?.key.low.checkText()
        try pair?.key.high.checkText()
        if case .invite(let user, let caller, _, _)? = push {
            try user.checkText()
            try caller.checkText()
        }
    }
}

extension ConversationRow {
    func checkText() throws {
        try caller.checkText()
        try callee?.checkText()
        try leader.checkText()
    }
}

extension PresenceKey {
    func checkText() throws {
        try address.user.checkText()
        try address.device.checkText()
        try incarnation.checkText()
    }
}
