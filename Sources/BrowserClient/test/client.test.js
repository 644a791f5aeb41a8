import assert from "node:assert/strict";
import { test } from "node:test";
import { CALL, client, clock, connected, deliver, invite, storage, welcomed } from "./support/fake-client.js";
import { FakeWebSocket } from "./support/fake-web-socket.js";
import { settle } from "./support/manual-clock.js";

test("connect resolves when synchronised, and knows node and user", async () => {
    const made = await connected();
    assert.equal(made.node, "n1");
    assert.equal(made.user, "bob");
    assert.equal(made.connection.state, "connected");
    await made.connect();
});

test("connect rejects when the server wants no connection", async () => {
    const made = await welcomed();
    FakeWebSocket.last.drop(4502);
    await assert.rejects(made.connecting, /replaced/);
    assert.deepEqual(made.connection, { state: "stopped", node: "n1", reason: "replaced" });
});

test("a lost connection is told as reconnecting", async () => {
    const made = await connected();
    FakeWebSocket.last.drop();
    assert.equal(made.connection.state, "reconnecting");
    assert.equal(made.connection.reason, "closed_1006");
});

test("an incoming call rings, here and at the server", async () => {
    const made = await connected();
    deliver(1, invite);
    assert.equal(made.events.at(-1), "incoming alice");
    await settle();
    assert.deepEqual(FakeWebSocket.last.sends, [[1, "ringing"]]);
    assert.equal(made.calls.length, 1);
});

test("what waited rings after the synchronisation, and only if it still stands", async () => {
    const made = await welcomed();
    deliver(1, invite);
    await settle();
    assert.deepEqual(FakeWebSocket.last.sends, []);
    FakeWebSocket.last.receive({ syncComplete: {} });
    assert.equal(made.events.at(-1), "incoming alice");

    const other = await welcomed();
    deliver(1, invite);
    deliver(2, { ended: { reason: "cancelled" } });
    FakeWebSocket.last.receive({ syncComplete: {} });
    await settle();
    assert.deepEqual(other.events, ["connecting", "connecting", "connecting", "connected"]);
    assert.deepEqual(FakeWebSocket.last.sends, []);
});

test("call sends invite and offer, uses the server's ICE servers, and hears of the acknowledgement", async () => {
    const made = await connected({ iceServers: [{ urls: ["turn:t"], username: "u", credential: "c" }] });
    const call = made.call("carol", { video: false });
    await settle();
    assert.deepEqual(FakeWebSocket.last.sends, [[1, "invite"], [2, "description"]]);
    assert.match(call.id, /^[0-9a-f-]{36}$/);
    assert.deepEqual(call.peerConnection.getConfiguration().iceServers,
        [{ urls: ["turn:t"], username: "u", credential: "c" }]);
    FakeWebSocket.last.receive({ accepted: { conversation: call.id, number: 1 } });
    assert.notEqual(call.timings.accepted, undefined);
});

test("a call made without a connection leaves with the next one", async () => {
    const made = await connected();
    FakeWebSocket.last.drop();
    const call = made.call("carol");
    await clock.advance(0);
    FakeWebSocket.last.open();
    await settle();
    FakeWebSocket.last.receive({ welcome: { node: "n2" } });
    assert.deepEqual(FakeWebSocket.last.sends, [[1, "invite"], [2, "description"]]);
    call.hangup();
    await settle();
    assert.deepEqual(FakeWebSocket.last.sends.at(-1), [3, "cancel"]);
});

test("calling needs an identity first", () => {
    assert.throws(() => client().call("carol"), /connect\(\)/);
});

test("a page that is left hangs up on its way out, before its socket closes", async () => {
    const made = await connected();
    const call = made.call("carol");
    await settle();
    made.close({ hangUp: true });
    assert.deepEqual(FakeWebSocket.last.sends.at(-1), [3, "cancel"]);
    assert.equal(FakeWebSocket.last.closedWith.code, 1000);
    assert.equal(call.state, "ended");
});

test("an invite that an earlier page left behind is cancelled, not left ringing", async () => {
    await storage.create("d", "o");
    const entry = { number: 1, message: { invite: { callee: "carol" } }, requestedAt: 0 };
    await storage.storeSends("d", [{ conversation: CALL, entry, nextNumber: 2 }]);
    await welcomed();
    assert.deepEqual(FakeWebSocket.last.sends, [[1, "invite"], [2, "cancel"]]);
});

test("a hangup that an earlier page left behind is sent, and nothing is added", async () => {
    await storage.create("d", "o");
    const entry = { number: 7, message: { hangup: {} }, requestedAt: 0 };
    await storage.storeSends("d", [{ conversation: CALL, entry, nextNumber: 8 }]);
    await welcomed();
    assert.deepEqual(FakeWebSocket.last.sends, [[7, "hangup"]]);
});

test("a call that lives on without its page is ended; one of another device is left alone", async () => {
    await welcomed();
    const snapshot = { conversation: CALL, state: "active", role: "callee", nextNumber: 5 };
    FakeWebSocket.last.receive({ snapshot: { ...snapshot, leg: "cancelled" } });
    await settle();
    assert.deepEqual(FakeWebSocket.last.sends, []);
    FakeWebSocket.last.receive({ snapshot: { ...snapshot, leg: "selected" } });
    await settle();
    assert.deepEqual(FakeWebSocket.last.sends, [[1, "hangup"]]);
});

test("a call unknown to the server ends", async () => {
    const made = await connected();
    deliver(1, invite);
    FakeWebSocket.last.receive({ error: { name: "not_found", permanent: true, conversation: CALL, number: 1 } });
    assert.deepEqual(made.calls, []);
});
