import { randomUUID } from "./identifiers.js";

const STORAGE_KEY = "switchboard.device";
const LOCK_PREFIX = "switchboard.device.";
/** A reload hands the lock from one page to the next, which may take a moment. */
const PATIENCE_MS = 500;
const ATTEMPT_EVERY_MS = 50;

/**
 * Which device this tab is: an id that survives reloads, and the number of its last connection.
 *
 * The id lives in sessionStorage, one per tab. Duplicating a tab copies sessionStorage, and two tabs with one id would
 * throw each other off the server for ever; hence the id counts only while this tab holds the Web Lock of that name. A
 * tab that does not get it makes itself a new id.
 */
export class DeviceIdentity {
    #state;
    #storage;
    #release;

    constructor(state, storage, release) {
        this.#state = state;
        this.#storage = storage;
        this.#release = release;
    }

    /**
     * @param {object} [environment]
     * @param {Storage} [environment.storage]
     * @param {LockManager} [environment.locks] - absent in insecure contexts: the id is then not protected
     * @param {number} [environment.patienceMs] - how long a page that is just being unloaded may keep the lock
     * @returns {Promise<DeviceIdentity>}
     */
    static async claim({
        storage = globalThis.sessionStorage, locks = globalThis.navigator?.locks, patienceMs = PATIENCE_MS,
    } = {}) {
        const found = readState(storage);
        let release = found && (await holdLockSoon(locks, found.device, patienceMs));
        let state = found;
        if (!release) {
            state = { device: randomUUID(), connection: 0 };
            release = await holdLock(locks, state.device);
        }
        const identity = new DeviceIdentity(state, storage, release ?? (() => {}));
        identity.#save();
        return identity;
    }

    get device() {
        return this.#state.device;
    }

    /** Number of the last connection that this device used; the server lets the highest one live. */
    get connection() {
        return this.#state.connection;
    }

    /** To be called before a connection uses the number. */
    connectionUsed(connection) {
        this.#state.connection = connection;
        this.#save();
    }

    /** Lets another tab have the id. */
    release() {
        this.#release();
    }

    #save() {
        try {
            this.#storage?.setItem(STORAGE_KEY, JSON.stringify(this.#state));
        } catch {
            // A full or forbidden storage: the id then lives as long as the page does.
        }
    }
}

function readState(storage) {
    try {
        const state = JSON.parse(storage?.getItem(STORAGE_KEY) ?? "null");
        return typeof state?.device === "string" && Number.isInteger(state?.connection) ? state : null;
    } catch {
        return null;
    }
}

async function holdLockSoon(locks, device, patienceMs) {
    for (let waited = 0; ; waited += ATTEMPT_EVERY_MS) {
        const release = await holdLock(locks, device);
        if (release || waited >= patienceMs) return release;
        await new Promise((resolve) => setTimeout(resolve, ATTEMPT_EVERY_MS));
    }
}

/** @returns {Promise<(() => void) | null>} what releases the lock; null if another tab has it */
function holdLock(locks, device) {
    if (!locks) return Promise.resolve(() => {});
    return new Promise((resolve, reject) => {
        locks
            .request(LOCK_PREFIX + device, { ifAvailable: true }, (lock) => {
                if (!lock) return resolve(null);
                // The lock is held until this promise is settled, or the tab is gone.
                return new Promise((release) => resolve(release));
            })
            .catch(reject);
    });
}
