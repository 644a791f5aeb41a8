/** Time that passes when a test says so. */
export class ManualClock {
    now = 0;
    #timers = new Map();
    #nextHandle = 1;

    /** For the next test. */
    reset() {
        this.now = 0;
        this.#timers.clear();
    }

    setTimeout = (work, ms) => {
        const handle = this.#nextHandle++;
        this.#timers.set(handle, { at: this.now + ms, work });
        return handle;
    };

    clearTimeout = (handle) => {
        this.#timers.delete(handle);
    };

    /** Delays of the timers that wait, in milliseconds from now. */
    get waiting() {
        return [...this.#timers.values()].map(({ at }) => at - this.now).sort((left, right) => left - right);
    }

    /** Lets time pass; what falls due is done in its order, and what that leads to is waited for. */
    async advance(ms) {
        const end = this.now + ms;
        for (;;) {
            await settle();
            const due = [...this.#timers.entries()]
                .filter(([, timer]) => timer.at <= end)
                .sort(([, left], [, right]) => left.at - right.at)[0];
            if (!due) break;
            const [handle, timer] = due;
            this.#timers.delete(handle);
            this.now = Math.max(this.now, timer.at);
            timer.work();
        }
        this.now = end;
        await settle();
    }
}

/** Lets everything happen that waits for promises only. */
export async function settle() {
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
