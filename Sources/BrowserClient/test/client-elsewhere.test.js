import assert from "node:assert/strict";
import { test } from "node:test";
import {
    CALL, clock, connected, deliver, invite, kindsSent, lastSent, offer, selected, storage, synchronise, welcomed,
} from "./support/fake-client.js";
import { FakeWebSocket } from "./support/fake-web-socket.js";
import { settle } from "./support/manual-clock.js";

const elsewhere = (active, device = "d9") => ({ elsewhere: active ? { device, active } : { device } });
const ended = (reason) => ({ ended: { reason } });
const snapshot = (more) => FakeWebSocket.last.receive({
    snapshot: {
        conversation: CALL, state: "active", role: "caller", caller: "bob", callee: "alice", activeDevice: "d9",
        media: { audio: true, video: true }, session: 3, nextNumber: 1, ...more,
    },
});
const answered = (session) => ({ description: { type: "answer", sdp: "x", session, revision: 1 } });

/** A call that rang here and was picked up on another device. */
async function missed() {
    const made = await connected();
    deliver(1, invite);
    deliver(2, offer());
    await settle();
    FakeWebSocket.last.receive({ accepted: { conversation: CALL, number: 2 } });
    deliver(3, ended("answered_elsewhere"));
    deliver(4, elsewhere(true));
    await settle();
    return made;
}

test("a call picked up on another device is listed, with what its invite said", async () => {
    const made = await missed();
    assert.deepEqual(made.elsewhere,
        [{ callId: CALL, device: "d9", peer: "alice", role: "callee", media: { audio: true, video: false } }]);
    assert.equal(made.events.at(-1), "elsewhere 1");
    deliver(5, elsewhere(false));
    assert.deepEqual(made.elsewhere, []);
    assert.equal(made.events.at(-1), "elsewhere 0");
});

test("a device that comes later is told by a snapshot", async () => {
    const made = await welcomed();
    snapshot();
    await synchronise(made);
    assert.deepEqual(made.elsewhere,
        [{ callId: CALL, device: "d9", peer: "alice", role: "caller", media: { audio: true, video: true } }]);
    assert.deepEqual(kindsSent(CALL), [], "it is not this device's to end");
    snapshot({ state: "ended", activeDevice: undefined, reason: "hangup" });
    assert.deepEqual(made.elsewhere, []);
});

test("such a conversation is named in the next hello, until it is over", async () => {
    const made = await missed();
    await clock.advance(100);
    FakeWebSocket.last.drop();
    await clock.advance(0);
    FakeWebSocket.last.open();
    await settle();
    assert.deepEqual(FakeWebSocket.last.sent[0].hello.conversations, [{ conversation: CALL, received: 4 }]);
    FakeWebSocket.last.receive({ welcome: {} });
    FakeWebSocket.last.receive({ syncComplete: {} });
    deliver(5, elsewhere(false));
    assert.deepEqual(made.elsewhere, []);
    await clock.advance(100);
    FakeWebSocket.last.drop();
    await clock.advance(0);
    FakeWebSocket.last.open();
    await settle();
    assert.equal(FakeWebSocket.last.sent[0].hello.conversations, undefined);
});

test("taking it over: the numbers go on, the entry stays until the server has decided", async () => {
    const made = await missed();
    const call = made.takeOver(CALL, { video: false });
    await settle();
    assert.deepEqual(kindsSent(CALL), ["ringing", "description", "handover", "description"]);
    const { session } = lastSent(CALL).description;
    assert.deepEqual([call.id, call.peer, call.role, call.state], [CALL, "alice", "callee", "connecting"]);
    assert.deepEqual(made.calls, [call]);
    assert.equal(made.elsewhere.length, 1);
    deliver(5, answered(session));
    await settle();
    call.peerConnection.connects();
    deliver(6, { selected: { ...selected.selected, session } });
    await settle();
    assert.equal(call.state, "active");
    assert.deepEqual(made.elsewhere, []);
    assert.equal((await storage.loadCalls("d")).length, 1, "and from now on survives a reload");
});

test("what is asked for is what the call has, unless the user says otherwise", async () => {
    const made = await missed();
    made.takeOver(CALL);
    await settle();
    const { handover } = FakeWebSocket.last.sent.map(({ send }) => send?.message).find((message) => message?.handover);
    assert.deepEqual(handover.media, { audio: true, video: false });
});

test("it fails: the entry stays, and it can be tried again", async () => {
    const made = await missed();
    const first = made.takeOver(CALL);
    await settle();
    deliver(5, ended("connect_failed"));
    assert.equal(first.endReason, "connect_failed");
    assert.equal(made.elsewhere.length, 1);
    const again = made.takeOver(CALL);
    await settle();
    assert.notEqual(again, first);
    assert.equal(kindsSent(CALL).filter((kind) => kind === "handover").length, 2);
    deliver(6, { selected: { ...selected.selected, session: lastSent(CALL).description.session } });
    assert.deepEqual(made.elsewhere, []);
});

test("the whole call ends meanwhile", async () => {
    const made = await missed();
    const call = made.takeOver(CALL);
    await settle();
    deliver(5, ended("hangup"));
    assert.equal(call.endReason, "hangup");
    assert.deepEqual(made.elsewhere, []);
});

test("a session higher than all that the snapshot knows", async () => {
    const made = await connected();
    snapshot();
    made.takeOver(CALL);
    await settle();
    assert.ok(lastSent(CALL).description.session > 3);
});

test("what is not elsewhere cannot be taken over, nor what is here", async () => {
    const made = await missed();
    assert.throws(() => made.takeOver("0b0e5e0c-0000-4000-8000-000000000009"), /elsewhere/);
    made.takeOver(CALL);
    assert.throws(() => made.takeOver(CALL), /This device/);
});

test("a call that was taken away from here can be fetched back", async () => {
    const made = await connected();
    deliver(1, invite);
    deliver(2, offer());
    await settle();
    const [call] = made.calls;
    call.accept();
    deliver(3, selected);
    deliver(4, ended("replaced"));
    deliver(5, elsewhere(true, "d7"));
    await settle();
    assert.equal(call.endReason, "replaced");
    assert.deepEqual(made.elsewhere.map(({ device, peer }) => [device, peer]), [["d7", "alice"]]);
    made.takeOver(CALL);
    await settle();
    assert.deepEqual(kindsSent(CALL).slice(-2), ["handover", "description"]);
});
