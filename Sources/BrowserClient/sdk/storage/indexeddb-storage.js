const VERSION = 2;
/** Outboxes of tabs that were closed are never read again: they go after this time. */
const ABANDONED_AFTER_MS = 7 * 24 * 3_600_000;
/** A tab may live longer than that. */
const TOUCH_EVERY_MS = 24 * 3_600_000;
/** Of which stores all records belong to a device. */
const STORES = ["devices", "conversations", "sends", "calls"];

/**
 * Keeps outbox, cursors and calls in IndexedDB, so that they outlive the page.
 *
 * Transactions are committed with relaxed durability: they survive the crash of the page and of the browser, not that
 * of the operating system. A message lost with the machine is a call lost with the machine; what it saves is a disk
 * flush before every message.
 * @implements {import("../index.js").OutboxStorage}
 * @implements {import("../index.js").CallStorage}
 */
export class IndexedDBStorage {
    #database;
    #touchedAt = 0;

    /** @param {IDBDatabase} database */
    constructor(database) {
        this.#database = database;
    }

    /**
     * @param {string} [name]
     * @returns {Promise<IndexedDBStorage>} rejects where the browser offers no storage
     */
    static async open(name = "switchboard") {
        const request = indexedDB.open(name, VERSION);
        request.onupgradeneeded = ({ oldVersion }) => upgrade(request.result, oldVersion);
        const blocked = new Promise((_, reject) => {
            request.onblocked = () => reject(new Error("A tab with an older version keeps the storage: close it."));
        });
        const database = await Promise.race([settled(request), blocked]);
        // Another tab has a later version of the SDK: it shall not wait for this one.
        database.onversionchange = () => database.close();
        const storage = new IndexedDBStorage(database);
        await storage.#sweep();
        return storage;
    }

    async load(device) {
        const transaction = this.#database.transaction(["devices", "conversations", "sends"], "readonly");
        const [found, conversations, sends] = await Promise.all([
            settled(transaction.objectStore("devices").get(device)),
            settled(transaction.objectStore("conversations").getAll(ofDevice(device))),
            settled(transaction.objectStore("sends").getAll(ofDevice(device))),
        ]);
        if (!found) return null;
        await this.#touch(device);
        return {
            outbox: found.outbox,
            conversations: conversations.map(({ conversation, nextNumber, received }) => ({
                id: conversation,
                nextNumber,
                received,
                sends: sends.filter((send) => send.conversation === conversation).map((send) => send.entry),
            })),
        };
    }

    async create(device, outbox) {
        await this.#write(STORES, (transaction) => {
            deleteDevice(transaction, device);
            transaction.objectStore("devices").put({ device, outbox, usedAt: Date.now() });
        });
    }

    async storeSends(device, sends) {
        if (Date.now() - this.#touchedAt > TOUCH_EVERY_MS) await this.#touch(device);
        await this.#write(["conversations", "sends"], (transaction) => {
            for (const { conversation, entry, nextNumber } of sends) {
                transaction.objectStore("sends").put({ device, conversation, number: entry.number, entry });
                this.#update(transaction, device, conversation, { nextNumber });
            }
        });
    }

    async removeSends(device, conversation, through) {
        await this.#write(["sends"], (transaction) => {
            const range = IDBKeyRange.bound([device, conversation, 0], [device, conversation, through]);
            transaction.objectStore("sends").delete(range);
        });
    }

    async storeCursor(device, conversation, received, nextNumber) {
        await this.#write(["conversations"], (transaction) => {
            this.#update(transaction, device, conversation, { received, nextNumber });
        });
    }

    async forget(device, conversation) {
        await this.#write(["conversations", "sends"], (transaction) => {
            transaction.objectStore("conversations").delete([device, conversation]);
            const range = IDBKeyRange.bound([device, conversation], [device, conversation, []]);
            transaction.objectStore("sends").delete(range);
        });
    }

    async loadCalls(device) {
        const found = await settled(this.#database.transaction("calls").objectStore("calls").getAll(ofDevice(device)));
        return found.map(({ call }) => call);
    }

    async storeCall(device, call) {
        await this.#write(["calls"], (transaction) => {
            transaction.objectStore("calls").put({ device, id: call.id, call });
        });
    }

    async forgetCall(device, id) {
        await this.#write(["calls"], (transaction) => transaction.objectStore("calls").delete([device, id]));
    }

    /** The device is in use: its records stay. */
    async #touch(device) {
        this.#touchedAt = Date.now();
        await this.#write(["devices"], (transaction) => {
            const store = transaction.objectStore("devices");
            const request = store.get(device);
            request.onsuccess = () => request.result && store.put({ ...request.result, usedAt: this.#touchedAt });
        });
    }

    /** Writes some fields of a conversation's record and leaves the others. */
    #update(transaction, device, conversation, fields) {
        const store = transaction.objectStore("conversations");
        const request = store.get([device, conversation]);
        request.onsuccess = () => store.put({ ...request.result, device, conversation, ...fields });
    }

    async #write(stores, work) {
        const transaction = this.#database.transaction(stores, "readwrite", { durability: "relaxed" });
        const done = new Promise((resolve, reject) => {
            transaction.oncomplete = () => resolve();
            transaction.onabort = () => reject(transaction.error ?? new Error("The browser aborted a transaction."));
        });
        work(transaction);
        await done;
    }

    async #sweep() {
        const devices = await settled(this.#database.transaction("devices").objectStore("devices").getAll());
        const abandoned = devices.filter(({ usedAt }) => usedAt < Date.now() - ABANDONED_AFTER_MS);
        if (abandoned.length === 0) return;
        await this.#write(STORES, (transaction) => {
            for (const { device } of abandoned) deleteDevice(transaction, device);
        });
    }
}

/** Version 1 had no calls. */
function upgrade(database, oldVersion) {
    if (oldVersion < 1) {
        database.createObjectStore("devices", { keyPath: "device" });
        database.createObjectStore("conversations", { keyPath: ["device", "conversation"] });
        database.createObjectStore("sends", { keyPath: ["device", "conversation", "number"] });
    }
    database.createObjectStore("calls", { keyPath: ["device", "id"] });
}

function deleteDevice(transaction, device) {
    transaction.objectStore("devices").delete(device);
    for (const store of STORES.slice(1)) transaction.objectStore(store).delete(ofDevice(device));
}

/** All keys that begin with this device (in IndexedDB's order an array sorts after every string). */
function ofDevice(device) {
    return IDBKeyRange.bound([device], [device, []]);
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function settled(request) {
    return new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
    });
}
