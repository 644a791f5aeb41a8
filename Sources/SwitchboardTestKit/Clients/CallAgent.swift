public class CallAgent { public init() {}
 func told(_ event: SessionEvent) {}
 func forget() {}
}
import SwitchboardClient
