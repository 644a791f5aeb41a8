import { IndexedDBStorage } from "./indexeddb-storage.js";
import { MemoryStorage } from "./memory-storage.js";

/**
 * The best storage that this browser gives.
 * @returns {Promise<import("../index.js").OutboxStorage>}
 */
export async function openStorage() {
    try {
        return await IndexedDBStorage.open();
    } catch (error) {
        console.warn("switchboard: no IndexedDB, messages are kept in memory only.", error);
        return new MemoryStorage();
    }
}
