const VERSION = 1;
/** Outboxes of tabs that were closed are never read again: they go after this time. */
const ABANDONED_AFTER_MS = 7 * 24 * 3_600_000;

/**
 * Keeps outbox and cursors in IndexedDB, so that they outlive the page.
 *
 * Transactions are committed with relaxed durability: they survive the crash of the page and of the browser, not that
 * of the operating system. A message lost with the machine is a call lost with the machine; what it saves is a disk
 * flush before every message.
 * @implements {import("../index.js").OutboxStorage}
 */
export class IndexedDBStorage {
    #database;

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
        request.onupgradeneeded = () => {
            const database = request.result;
            database.createObjectStore("devices", { keyPath: "device" });
            database.createObjectStore("conversations", { keyPath: ["device", "conversation"] });
            database.createObjectStore("sends", { keyPath: ["device", "conversation", "number"] });
        };
        const storage = new IndexedDBStorage(await settled(request));
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
        await this.#write(["devices", "conversations", "sends"], (transaction) => {
            transaction.objectStore("devices").put({ device, outbox, usedAt: Date.now() });
            transaction.objectStore("conversations").delete(ofDevice(device));
            transaction.objectStore("sends").delete(ofDevice(device));
        });
    }

    async storeSends(device, sends) {
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
        await this.#write(["devices", "conversations", "sends"], (transaction) => {
            for (const { device } of abandoned) {
                transaction.objectStore("devices").delete(device);
                transaction.objectStore("conversations").delete(ofDevice(device));
                transaction.objectStore("sends").delete(ofDevice(device));
            }
        });
    }
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
