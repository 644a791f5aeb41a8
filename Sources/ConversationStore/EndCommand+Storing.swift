import SwitchboardCore

extension EndCommand {
    /// How long its leader has for it before a scan tells of it.
    static var patience: Duration { .seconds(2) }
}
