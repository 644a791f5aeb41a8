import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Connection, SUBPROTOCOL } from "../sdk/connection.js";
import { SessionMachine } from "../sdk/session/session-machine.js";
import { MemoryStorage } from "../sdk/storage/memory-storage.js";
import { FakeWebSocket } from "./support/fake-web-socket.js";
import { ManualClock, settle } from "./support/manual-clock.js";

const CALL = "0b0e5e0c-0000-4000-8000-000000000001";

let clock;
let storage;
let events;
let identity;

beforeEach(async () => {
    FakeWebSocket.made = [];
    clock = new ManualClock();
    storage = new MemoryStorage();
    events = [];
    identity = { device: "d", connection: 0, connectionUsed(number) { this.connection = number; } };
    await storage.create("d", "o");
});

function connection({ getToken = () => "token" } = {}) {
    const note = (type) => [type, (action) => events.push([type, action])];
    return new Connection({
        machine: new SessionMachine({ device: "d", outbox: "o" }),
        url: "wss://node/v1/connect",
        getToken,
        storage,
        identity,
        environment: {
            WebSocket: FakeWebSocket, now: () => clock.now, random: () => 0.5,
            setTimeout: clock.setTimeout, clearTimeout: clock.clearTimeout,
        },
        handlers: Object.fromEntries(
            ["deliver", "phaseChanged", "connectFailed", "tokenFailed", "storageFailed"].map(note)),
    });
}

async function connected(options) {
    const driver = connection(options);
    driver.start();
    FakeWebSocket.last.open();
    await settle();
    FakeWebSocket.last.receive({ welcome: { node: "n1" } });
    FakeWebSocket.last.receive({ syncComplete: {} });
    return driver;
}

test("it offers the JSON subprotocol and greets with a token", async () => {
    await connected();
    assert.equal(FakeWebSocket.last.url, "wss://node/v1/connect");
    assert.deepEqual(FakeWebSocket.last.protocols, [SUBPROTOCOL]);
    assert.deepEqual(FakeWebSocket.last.sent[0].hello, { token: "token", device: "d", connection: 1, outbox: "o" });
    assert.equal(identity.connection, 1, "the number is noted before it is used");
});

test("a send is in storage before it is on the wire, and out of it once accepted", async () => {
    const driver = await connected();
    const order = [];
    const { storeSends } = storage;
    storage.storeSends = async (...values) => {
        order.push(`stored with ${FakeWebSocket.last.sends.length} sent`);
        await storeSends.apply(storage, values);
    };
    driver.send(CALL, { invite: { callee: "bob" } });
    driver.send(CALL, { cancel: {} });
    await settle();
    assert.deepEqual(order, ["stored with 0 sent"], "one transaction for both");
    assert.deepEqual(FakeWebSocket.last.sends, [[1, "invite"], [2, "cancel"]]);
    assert.equal((await storage.load("d")).conversations[0].sends.length, 2);
    FakeWebSocket.last.receive({ accepted: { conversation: CALL, number: 2 } });
    await settle();
    assert.equal((await storage.load("d")).conversations[0].sends.length, 0);
});

test("a storage that fails is told, and the message goes out all the same", async () => {
    const driver = await connected();
    storage.storeSends = async () => {
        throw new Error("quota");
    };
    driver.send(CALL, { invite: { callee: "bob" } });
    await settle();
    assert.deepEqual(FakeWebSocket.last.sends, [[1, "invite"]]);
    assert.equal(events.find(([type]) => type === "storageFailed")[1].error.message, "quota");
});

test("an invite tells its age each time it leaves", async () => {
    const driver = await connected();
    driver.send(CALL, { invite: { callee: "bob" } });
    await settle();
    FakeWebSocket.last.drop();
    await clock.advance(4_000);
    FakeWebSocket.last.open();
    await settle();
    FakeWebSocket.last.receive({ welcome: {} });
    const ages = FakeWebSocket.made.flatMap(({ sent }) => sent)
        .filter(({ send }) => send).map(({ send }) => send.message.invite.ageMs);
    assert.deepEqual(ages, [0, 4_000]);
});

test("a lost connection is made again at once, the following ones after a part of the backoff", async () => {
    await connected();
    FakeWebSocket.last.drop();
    await clock.advance(0);
    assert.equal(FakeWebSocket.made.length, 2);
    FakeWebSocket.last.drop();
    await clock.advance(249);
    assert.equal(FakeWebSocket.made.length, 2);
    await clock.advance(1);
    assert.equal(FakeWebSocket.made.length, 3);
});

test("a token that cannot be had is tried again", async () => {
    let attempts = 0;
    const driver = connection({
        getToken: async () => {
            attempts += 1;
            if (attempts === 1) throw new Error("offline");
            return "later";
        },
    });
    driver.start();
    // It fails before the socket is open: nobody waits for it yet.
    await settle();
    FakeWebSocket.last.open();
    await settle();
    assert.equal(events.find(([type]) => type === "tokenFailed")[1].error.message, "offline");
    await clock.advance(0);
    FakeWebSocket.last.open();
    await settle();
    assert.equal(FakeWebSocket.last.sent[0].hello.token, "later");
});

test("a socket that was given up is not listened to", async () => {
    await connected();
    const old = FakeWebSocket.last;
    const handler = old.onmessage;
    await clock.advance(25_000);
    assert.deepEqual(old.sent.at(-1), { ping: {} });
    await clock.advance(5_000);
    assert.equal(old.closedWith.reason, "ping_timeout");
    await clock.advance(0);
    FakeWebSocket.last.open();
    await settle();
    FakeWebSocket.last.receive({ welcome: { node: "n2" } });
    handler({ data: JSON.stringify({ deliver: { conversation: CALL, number: 1, message: {} } }) });
    assert.equal(events.filter(([type]) => type === "deliver").length, 0);
    assert.equal(FakeWebSocket.made.length, 2);
});

test("text that is no frame is ignored", async () => {
    await connected();
    FakeWebSocket.last.receiveText("{");
    FakeWebSocket.last.receive({ deliver: { conversation: CALL, number: 1, message: { info: {} } } });
    assert.equal(events.filter(([type]) => type === "deliver").length, 1);
});

test("a token is renewed on the connection before it expires", async () => {
    const claims = Buffer.from(JSON.stringify({ exp: Date.now() / 1_000 + 600 })).toString("base64url");
    let count = 0;
    await connected({ getToken: () => `t${(count += 1)}.${claims}.x` });
    const refreshes = () =>
        FakeWebSocket.last.sent.filter(({ refresh }) => refresh).map(({ refresh }) => refresh.token);
    while (clock.now < 530_000) {
        await clock.advance(10_000);
        FakeWebSocket.last.receive({ pong: {} });
    }
    assert.deepEqual(refreshes(), []);
    await clock.advance(12_000);
    assert.deepEqual(refreshes(), [`t2.${claims}.x`]);
    assert.equal(FakeWebSocket.made.length, 1);
});

test("stopping closes the socket and ends all attempts", async () => {
    const driver = await connected();
    driver.stop();
    assert.equal(FakeWebSocket.last.closedWith.code, 1000);
    await clock.advance(60_000);
    assert.equal(FakeWebSocket.made.length, 1);
});
