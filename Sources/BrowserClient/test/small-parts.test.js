import assert from "node:assert/strict";
import { test } from "node:test";
import { CandidateBatcher, candidateFromWire, candidateToWire } from "../sdk/call/candidate-batcher.js";
import { MediaRecovery } from "../sdk/call/recovery.js";
import { DeviceIdentity } from "../sdk/device-identity.js";
import { randomUUID } from "../sdk/identifiers.js";
import { MemoryStorage } from "../sdk/storage/memory-storage.js";
import { renewalDelayMs } from "../sdk/token.js";
import "./support/web-crypto.js";
import { ManualClock } from "./support/manual-clock.js";

const jwt = (claims) => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.x`;

test("a token is renewed a minute before its end, short-lived ones half-way", () => {
    assert.equal(renewalDelayMs(jwt({ exp: 3_600 }), 0), 3_540_000);
    assert.equal(renewalDelayMs(jwt({ exp: 60 }), 0), 30_000);
});

test("a token without an end, an expired one, and what is no JWT are not renewed", () => {
    assert.equal(renewalDelayMs(jwt({ sub: "alice" }), 0), null);
    assert.equal(renewalDelayMs(jwt({ exp: 5 }), 6_000), null);
    assert.equal(renewalDelayMs("opaque", 0), null);
});

test("a delay is never longer than a timer can be", () => {
    assert.equal(renewalDelayMs(jwt({ exp: 10_000_000 }), 0), 2 ** 31 - 1);
});

test("UUIDs are of version 4, canonical, also without crypto.randomUUID", () => {
    const form = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
    assert.match(randomUUID(), form);
    const descriptor = Object.getOwnPropertyDescriptor(globalThis, "crypto");
    const getRandomValues = (bytes) => bytes.fill(0xff);
    Object.defineProperty(globalThis, "crypto", { value: { getRandomValues }, configurable: true });
    try {
        assert.match(randomUUID(), form);
    } finally {
        Object.defineProperty(globalThis, "crypto", descriptor);
    }
});

test("candidates that come together go together", async () => {
    const clock = new ManualClock();
    const sent = [];
    const batcher = new CandidateBatcher({ environment: clock, flushed: (candidates) => sent.push(candidates) });
    batcher.add({ candidate: "a", sdpMid: "0", sdpMLineIndex: 0, usernameFragment: "u" });
    batcher.add({ candidate: "b", sdpMid: "1", sdpMLineIndex: 1 });
    assert.deepEqual(sent, []);
    await clock.advance(10);
    assert.deepEqual(sent, [[
        { candidate: "a", sdpMid: "0", usernameFragment: "u" },
        { candidate: "b", sdpMid: "1", sdpMLineIndex: 1 },
    ]]);
});

test("the end of candidates does not wait, and is an empty candidate", () => {
    const clock = new ManualClock();
    const sent = [];
    const batcher = new CandidateBatcher({ environment: clock, flushed: (candidates) => sent.push(candidates) });
    batcher.add({ candidate: "a", sdpMid: "0" });
    batcher.add(null);
    assert.deepEqual(sent, [[{ candidate: "a", sdpMid: "0" }, {}]]);
    assert.deepEqual(clock.waiting, []);
});

test("a batch is bounded", () => {
    const sent = [];
    const batcher = new CandidateBatcher({
        environment: new ManualClock(), largest: 2, flushed: ({ length }) => sent.push(length),
    });
    for (const candidate of ["a", "b", "c"]) batcher.add({ candidate });
    assert.deepEqual(sent, [2]);
});

test("a candidate survives the wire", () => {
    const candidate = { candidate: "a", sdpMid: "1", sdpMLineIndex: 1, usernameFragment: "u" };
    assert.deepEqual(candidateFromWire(candidateToWire(candidate)), candidate);
    assert.deepEqual(candidateFromWire({}), { candidate: "" });
});

test("lost media: the caller restarts first, the callee later, both again, and both give up in the end", async () => {
    for (const [role, expected] of [
        ["caller", [1_500, 9_500, 17_500, 25_500, 30_000]],
        ["callee", [5_000, 13_000, 21_000, 29_000, 30_000]],
    ]) {
        const clock = new ManualClock();
        const happened = [];
        const recovery = new MediaRecovery({
            environment: clock, role,
            restart: () => happened.push(clock.now), giveUp: () => happened.push(clock.now),
        });
        recovery.mediaLost({ atOnce: false });
        await clock.advance(60_000);
        assert.deepEqual(happened, expected);
    }
});

test("media that comes back needs no recovery", async () => {
    const clock = new ManualClock();
    const unexpected = () => assert.fail("nothing was to be done");
    const recovery = new MediaRecovery({ environment: clock, role: "caller", restart: unexpected, giveUp: unexpected });
    recovery.mediaLost({ atOnce: false });
    recovery.mediaConnected();
    await clock.advance(60_000);
});

/** sessionStorage of one tab. */
function tabStorage(text = null) {
    return { text, getItem() { return this.text; }, setItem(_, value) { this.text = value; } };
}

/** Web Locks of one browser: held until the promise that the callback gives is settled. */
function lockManager() {
    const held = new Set();
    return {
        async request(name, options, work) {
            if (held.has(name)) return work(null);
            held.add(name);
            try {
                return await work({ name });
            } finally {
                held.delete(name);
            }
        },
    };
}

test("a tab keeps its device id, and the count of its connections, over a reload", async () => {
    const storage = tabStorage();
    const locks = lockManager();
    const first = await DeviceIdentity.claim({ storage, locks });
    first.connectionUsed(3);
    first.release();
    await new Promise((resolve) => setImmediate(resolve));
    const second = await DeviceIdentity.claim({ storage, locks });
    assert.equal(second.device, first.device);
    assert.equal(second.connection, 3);
});

test("the page before may let go of the id a little late", async () => {
    const storage = tabStorage();
    const locks = lockManager();
    const first = await DeviceIdentity.claim({ storage, locks });
    const claiming = DeviceIdentity.claim({ storage, locks });
    await new Promise((resolve) => setImmediate(resolve));
    first.release();
    assert.equal((await claiming).device, first.device);
});

test("a duplicated tab is a device of its own", async () => {
    const locks = lockManager();
    const storage = tabStorage();
    const first = await DeviceIdentity.claim({ storage, locks });
    const duplicate = await DeviceIdentity.claim({ storage: tabStorage(storage.text), locks, patienceMs: 100 });
    assert.notEqual(duplicate.device, first.device);
    assert.equal(duplicate.connection, 0);
});

test("a damaged or missing sessionStorage gives a new id", async () => {
    for (const storage of [tabStorage("{"), tabStorage('{"device":1}'), undefined]) {
        const identity = await DeviceIdentity.claim({ storage, locks: undefined });
        assert.match(identity.device, /^[0-9a-f-]{36}$/);
    }
});

test("storage gives back what was put in", async () => {
    const storage = new MemoryStorage();
    assert.equal(await storage.load("d"), null);
    await storage.create("d", "outbox");
    const entry = (number) => ({ number, message: { info: {} }, requestedAt: 5 });
    await storage.storeSends("d", [1, 2, 3].map((number) => (
        { conversation: "c", entry: entry(number), nextNumber: number + 1 })));
    await storage.removeSends("d", "c", 1);
    await storage.storeCursor("d", "c", 7, 4);
    assert.deepEqual(await storage.load("d"), {
        outbox: "outbox",
        conversations: [{ id: "c", nextNumber: 4, received: 7, sends: [entry(2), entry(3)] }],
    });
    await storage.forget("d", "c");
    assert.deepEqual((await storage.load("d")).conversations, []);
});
