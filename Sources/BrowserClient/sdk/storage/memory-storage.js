/**
 * Keeps the outbox in memory only: where there is no IndexedDB (a private window of some browsers, tests).
 *
 * What it holds is lost with the page; the server then sees a new outbox, which the protocol allows.
 * @implements {import("../index.js").OutboxStorage}
 * @implements {import("../index.js").CallStorage}
 */
export class MemoryStorage {
    #devices = new Map();
    /** By device, then by call id. */
    #calls = new Map();

    async load(device) {
        const found = this.#devices.get(device);
        if (!found) return null;
        const conversations = [...found.conversations.entries()].map(([id, record]) => ({
            id,
            nextNumber: record.nextNumber,
            received: record.received,
            sends: [...record.sends.values()],
        }));
        return structuredClone({ outbox: found.outbox, conversations });
    }

    async create(device, outbox) {
        this.#devices.set(device, { outbox, conversations: new Map() });
    }

    async storeSends(device, sends) {
        for (const { conversation, entry, nextNumber } of sends) {
            const record = this.#record(device, conversation);
            record.nextNumber = nextNumber;
            record.sends.set(entry.number, structuredClone(entry));
        }
    }

    async removeSends(device, conversation, through) {
        const { sends } = this.#record(device, conversation);
        for (const number of [...sends.keys()]) {
            if (number <= through) sends.delete(number);
        }
    }

    async storeCursor(device, conversation, received, nextNumber) {
        Object.assign(this.#record(device, conversation), { received, nextNumber });
    }

    async forget(device, conversation) {
        this.#devices.get(device)?.conversations.delete(conversation);
    }

    async loadCalls(device) {
        return structuredClone([...(this.#calls.get(device)?.values() ?? [])]);
    }

    async storeCall(device, call) {
        if (!this.#calls.has(device)) this.#calls.set(device, new Map());
        this.#calls.get(device).set(call.id, structuredClone(call));
    }

    async forgetCall(device, id) {
        this.#calls.get(device)?.delete(id);
    }

    #record(device, conversation) {
        const { conversations } = this.#devices.get(device);
        let record = conversations.get(conversation);
        if (!record) {
            record = { nextNumber: 1, received: undefined, sends: new Map() };
            conversations.set(conversation, record);
        }
        return record;
    }
}
