import { webcrypto } from "node:crypto";

// Browsers have it, Node.js has it as a global from version 19 on.
globalThis.crypto ??= webcrypto;
