import assert from "node:assert/strict";
import { test } from "node:test";
import {
    CALL, client, clock, connected, deliver, greeted, invite, kindsSent, lastSent, offer, selected, storage, synchronise,
    welcomed,
} from "./support/fake-client.js";
import { FakeWebSocket } from "./support/fake-web-socket.js";
import { settle } from "./support/manual-clock.js";

const BEYOND = 4_294_967_295;
const accept = (conversation, number) => FakeWebSocket.last.receive({ accepted: { conversation, number } });
const snapshot = (state, more) =>
    FakeWebSocket.last.receive({ snapshot: { conversation: CALL, state, nextNumber: 9, caller: "alice", ...more } });
const hello = () => FakeWebSocket.last.sent[0].hello;

/** The page goes, as a reload does: nobody says anything, and its promises never come. */
async function unload() {
    await clock.advance(100);
    FakeWebSocket.last.drop();
    FakeWebSocket.made = [];
    clock.reset();
}

/** A call that we made, and that rings or goes on. */
async function left({ pickedUp = false, muted } = {}) {
    const made = await connected();
    const call = made.call("alice", { video: false });
    await settle();
    accept(call.id, 2);
    deliver(1, { ringing: {} }, { conversation: call.id });
    if (pickedUp) deliver(2, { selected: { user: "alice", device: "a" } }, { conversation: call.id });
    await settle();
    if (pickedUp) {
        deliver(3, { description: { type: "answer", sdp: "x", session: 1, revision: 1 } }, { conversation: call.id });
        await settle();
        call.peerConnection.connects();
    }
    if (muted) call.setMuted(muted);
    await settle();
    accept(call.id, 9);
    await unload();
    return call;
}

/** A call that rang here, or was picked up. */
async function leftIncoming({ prepared = true, pickedUp = false } = {}) {
    const made = await connected();
    deliver(1, invite);
    if (prepared) deliver(2, offer());
    await settle();
    const [call] = made.calls;
    if (pickedUp) {
        call.accept();
        deliver(3, selected);
        await settle();
        call.peerConnection.connects();
        await settle();
    }
    accept(CALL, 9);
    await unload();
    return call;
}

test("a call of ours that rings goes on with a new peer connection, of a higher session", async () => {
    const { id } = await left();
    const made = await greeted();
    assert.deepEqual(hello().conversations, [{ conversation: id, received: BEYOND }], "how does it stand?");
    FakeWebSocket.last.receive({ welcome: { node: "n2", iceServers: [{ urls: ["turn:t"] }] } });
    await settle();
    assert.deepEqual([lastSent(id).description.type, lastSent(id).description.session], ["offer", 2]);
    const [call] = made.calls;
    assert.deepEqual(call.peerConnection.getConfiguration().iceServers, [{ urls: ["turn:t"] }]);
    assert.ok(!made.events.includes("restored alice"), "not yet: it may be over");
    FakeWebSocket.last.receive({ snapshot: { conversation: id, state: "ringing", role: "caller", nextNumber: 2 } });
    await synchronise(made);
    assert.ok(made.events.includes("restored alice"));
    assert.deepEqual([call.id, call.role, call.state, call.restored], [id, "caller", "ringing", true]);
    deliver(2, { selected: { user: "alice", device: "a" } }, { conversation: id });
    await settle();
    assert.equal(call.state, "connecting");
    assert.equal(kindsSent(id).filter((kind) => kind === "description").length, 1);
});

test("an active call: the media comes back on a new connection", async () => {
    const { id, startedAt, activeSince } = await left({ pickedUp: true, muted: { audio: true } });
    const made = await greeted();
    FakeWebSocket.last.receive({ welcome: { node: "n2" } });
    await settle();
    const [call] = made.calls;
    assert.equal(call.state, "reconnecting");
    assert.equal(call.peerConnection, null, "of which session, the server knows best");
    FakeWebSocket.last.receive({
        snapshot: { conversation: id, state: "active", role: "caller", callerDevice: "d", nextNumber: 4, session: 6 },
    });
    await synchronise(made);
    assert.deepEqual(kindsSent(id), ["description"]);
    assert.equal(lastSent(id).description.session, 7);
    assert.equal(call.muted.audio, true);
    assert.equal(call.localStream.getAudioTracks()[0].enabled, false);
    assert.deepEqual([call.startedAt, call.activeSince], [startedAt, activeSince]);
    deliver(4, { description: { type: "answer", sdp: "x", session: 7, revision: 1 } }, { conversation: id });
    await settle();
    call.peerConnection.connects();
    assert.equal(call.state, "active");
    await settle();
    assert.deepEqual(lastSent(id), { connected: { session: 7 } });
});

test("media that does not come back ends it after a time", async () => {
    const { id } = await left({ pickedUp: true });
    const made = await welcomed();
    FakeWebSocket.last.receive({
        snapshot: { conversation: id, state: "active", role: "caller", callerDevice: "d", nextNumber: 4 },
    });
    await synchronise(made);
    const [call] = made.calls;
    await clock.advance(30_000);
    assert.equal(call.endReason, "media_lost");
});

test("a call that was picked up here goes on likewise", async () => {
    await leftIncoming({ pickedUp: true });
    const made = await welcomed();
    assert.deepEqual(hello().conversations, [{ conversation: CALL, received: BEYOND }]);
    snapshot("active", { role: "callee", leg: "selected", session: 1 });
    await synchronise(made);
    assert.ok(made.events.includes("restored alice"));
    assert.deepEqual(kindsSent(CALL), ["description"]);
    assert.deepEqual([lastSent(CALL).description.type, lastSent(CALL).description.session], ["offer", 2]);
});

test("a call that rings here rings again, and as it was answered by a connection that is gone, not prepared", async () => {
    await leftIncoming();
    const made = await welcomed();
    assert.equal(hello().conversations, undefined, "the server tells it anew");
    snapshot("ringing", { role: "callee", leg: "ringing" });
    deliver(9, invite);
    deliver(10, offer());
    await synchronise(made);
    assert.deepEqual(made.events.filter((event) => event.includes("alice")), ["restored alice"]);
    assert.deepEqual(kindsSent(CALL), ["ringing"]);
    const [call] = made.calls;
    call.accept();
    deliver(11, selected);
    await settle();
    assert.deepEqual(kindsSent(CALL), ["ringing", "accept", "description"]);
    assert.deepEqual([lastSent(CALL).description.type, lastSent(CALL).description.session], ["offer", 2]);
});

test("what was not answered before is prepared now", async () => {
    await leftIncoming({ prepared: false });
    const made = await welcomed();
    snapshot("ringing", { role: "callee", leg: "ringing" });
    deliver(9, invite);
    deliver(10, offer());
    await synchronise(made);
    assert.ok(kindsSent(CALL).includes("description"));
    assert.equal(made.calls[0].state, "ringing");
});

test("calls that have ended meanwhile are not restored, with their reason if it is known", async () => {
    const { id } = await left({ pickedUp: true });
    const made = await welcomed();
    const [call] = made.calls;
    FakeWebSocket.last.receive({ snapshot: { conversation: id, state: "ended", reason: "media_lost", nextNumber: 4 } });
    await synchronise(made);
    assert.equal(call.endReason, "media_lost");
    assert.ok(!made.events.includes("restored alice"));
    await settle();
    assert.deepEqual(await storage.loadCalls("d"), []);
});

test("a call that rang here and of which the server says nothing is over", async () => {
    await leftIncoming();
    const made = await welcomed();
    const [call] = made.calls;
    await synchronise(made);
    assert.equal(call.endReason, "cancelled");
    assert.deepEqual(made.calls, []);
    assert.deepEqual(kindsSent(CALL), []);
});

test("a call of which the server cannot tell yet is waited for", async () => {
    await leftIncoming({ pickedUp: true });
    const made = await welcomed();
    await synchronise(made, [CALL]);
    assert.equal(made.calls.length, 1);
    assert.ok(!made.events.includes("restored alice"));
    snapshot("active", { role: "callee", leg: "selected" });
    assert.ok(made.events.includes("restored alice"));
});

test("a call that another device of the user has taken meanwhile is not this one's any more", async () => {
    const { id } = await left({ pickedUp: true });
    const made = await welcomed();
    const [call] = made.calls;
    FakeWebSocket.last.receive({
        snapshot: { conversation: id, state: "active", role: "caller", callee: "alice", activeDevice: "d9", nextNumber: 4 },
    });
    await synchronise(made);
    assert.equal(call.endReason, "replaced");
    assert.deepEqual(made.elsewhere.map(({ callId, device, peer }) => [callId, device, peer]), [[id, "d9", "alice"]]);
});

test("an invite that had not left yet leaves now, with an offer of the new page behind it", async () => {
    const first = await connected();
    FakeWebSocket.last.drop();
    const call = first.call("alice");
    await settle();
    await unload();
    const made = await greeted();
    assert.equal(hello().conversations, undefined);
    FakeWebSocket.last.receive({ welcome: { node: "n1" } });
    await settle();
    assert.deepEqual(kindsSent(call.id), ["invite", "description", "description"]);
    assert.equal(lastSent(call.id).description.session, 2);
    await synchronise(made);
    assert.ok(made.events.includes("restored alice"));
});

test("the user hangs up a restored call before anything was heard of it", async () => {
    const { id } = await left({ pickedUp: true });
    const made = await welcomed();
    made.calls[0].hangup();
    await settle();
    assert.deepEqual(lastSent(id), { hangup: { reason: "hangup" } });
});

test("where calls are not to be restored, what is left of them is ended", async () => {
    const { id } = await left({ pickedUp: true });
    const made = await welcomed({}, { restoreCalls: false });
    assert.deepEqual(made.calls, []);
    FakeWebSocket.last.receive({
        snapshot: { conversation: id, state: "active", role: "caller", callerDevice: "d", nextNumber: 4 },
    });
    await settle();
    assert.deepEqual(lastSent(id), { hangup: { reason: "media_lost" } });
});

test("the application opens its own media for a restored call", async () => {
    const { id } = await left({ pickedUp: true });
    const asked = [];
    const { FakeMediaStream } = await import("./support/fake-peer-connection.js");
    const given = FakeMediaStream.of("audio");
    const made = await welcomed({}, {
        openMedia: async (media, call) => {
            asked.push([media, call.id]);
            return given;
        },
    });
    FakeWebSocket.last.receive({
        snapshot: { conversation: id, state: "active", role: "caller", callerDevice: "d", nextNumber: 4 },
    });
    await synchronise(made);
    assert.deepEqual(asked, [[{ audio: true, video: false }, id]]);
    assert.deepEqual(made.calls[0].localStream.getTracks(), given.getTracks());
});

test("a call is stored before its first message may leave", async () => {
    const order = [];
    for (const method of ["storeCall", "storeSends"]) {
        const original = storage[method].bind(storage);
        storage[method] = (...values) => {
            order.push(method);
            return original(...values);
        };
    }
    const made = await connected();
    made.call("alice");
    await settle();
    assert.equal(order[0], "storeCall");
    assert.ok(order.includes("storeSends"));
});

test("records of another version, or broken ones, are left alone", async () => {
    for (const record of [{ id: "x", version: 99, role: "caller", peer: "p" }, { id: "y" }]) {
        await storage.storeCall("d", record);
    }
    const made = client();
    made.connect();
    await settle();
    assert.deepEqual(made.calls, []);
});
