/** The browser SDK of Switchboard. Its types, and what they promise, are in `index.d.ts`. */
export { Call } from "./call/call.js";
export { CallPhase } from "./call/call-state.js";
export { timingSteps } from "./call/call-timings.js";
export { SwitchboardClient } from "./client.js";
export { DeviceIdentity } from "./device-identity.js";
export { MessageTooLargeError, OutboxFullError } from "./session/errors.js";
export { IndexedDBStorage } from "./storage/indexeddb-storage.js";
export { MemoryStorage } from "./storage/memory-storage.js";
export { notificationTag, PushEndpoints } from "./push/push-endpoints.js";
