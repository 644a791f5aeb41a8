/** A send in storage. */
export interface StoredSend {
    number: number;
    message: object;
    /** Milliseconds since 1970. */
    requestedAt: number;
}

/**
 * Where sends wait until the server has accepted them. Writes are asked for one at a time, in order; one that rejects
 * is reported (`storage_failed`) and its message is sent all the same.
 */
export interface OutboxStorage {
    load(device: string): Promise<null | {
        outbox: string;
        conversations: { id: string; nextNumber: number; received?: number; sends: StoredSend[] }[];
    }>;
    /** Begins an empty outbox under this random id, in place of any other of the device. */
    create(device: string, outbox: string): Promise<void>;
    storeSends(device: string, sends: { conversation: string; entry: StoredSend; nextNumber: number }[]): Promise<void>;
    /** Up to and with this number. */
    removeSends(device: string, conversation: string, through: number): Promise<void>;
    storeCursor(device: string, conversation: string, received: number, nextNumber: number): Promise<void>;
    forget(device: string, conversation: string): Promise<void>;
}

/** What survives a reload of the page of one call. The SDK's own format; it may change with its version. */
export interface StoredCall {
    id: string;
}

/** Where calls are kept for the next life of the page. A storage without these methods restores none. */
export interface CallStorage {
    loadCalls(device: string): Promise<StoredCall[]>;
    /** In place of what was stored of this call. */
    storeCall(device: string, call: StoredCall): Promise<void>;
    forgetCall(device: string, id: string): Promise<void>;
}

export class MemoryStorage implements OutboxStorage, CallStorage {
    load: OutboxStorage["load"];
    create: OutboxStorage["create"];
    storeSends: OutboxStorage["storeSends"];
    removeSends: OutboxStorage["removeSends"];
    storeCursor: OutboxStorage["storeCursor"];
    forget: OutboxStorage["forget"];
    loadCalls: CallStorage["loadCalls"];
    storeCall: CallStorage["storeCall"];
    forgetCall: CallStorage["forgetCall"];
}

export class IndexedDBStorage extends MemoryStorage {
    static open(name?: string): Promise<IndexedDBStorage>;
    private constructor();
}

/** Which device this is; see `device-identity.js`. */
export class DeviceIdentity {
    /** `patienceMs`: how long a page that is just being unloaded may keep the id. Default 500. */
    static claim(environment?: {
        storage?: Storage;
        locks?: LockManager;
        patienceMs?: number;
    }): Promise<DeviceIdentity>;
    readonly device: string;
    readonly connection: number;
    connectionUsed(connection: number): void;
    release(): void;
}
