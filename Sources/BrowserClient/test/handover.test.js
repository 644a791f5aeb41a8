import assert from "node:assert/strict";
import { test } from "node:test";
import { CallState } from "../sdk/call/call-state.js";
import { active, answer, clock, kinds, last, offer, side } from "./support/call-side.js";
import { settle } from "./support/manual-clock.js";

const handover = { handover: { media: { audio: true, video: true }, device: "d3" } };
const decided = { selected: { user: "bob", device: "d3", callerDevice: "d1", session: 2 } };
const from = (device) => ({ device });

// ------------------------------------------------------------------------------------------- the peer's side

/** A call whose peer's other device has offered. */
async function asked() {
    const one = await active("caller");
    one.sent.length = 0;
    one.inputs.messageReceived(handover, from("d3"));
    one.inputs.messageReceived(offer(1, 2), from("d3"));
    await settle();
    return one;
}

test("the new device is answered on a second connection, and the first one carries the call on", async () => {
    const one = await asked();
    assert.deepEqual(kinds(one), ["description"]);
    assert.equal(last(one, "description").session, 2);
    assert.equal(one.connections[0].closed, false);
    one.connections[1].iceBecomes("connected");
    await settle();
    assert.deepEqual(one.sent.at(-1), { connected: { session: 2 } });
    assert.equal(one.call.peerConnection, one.connections[0], "the server has not decided yet");
    assert.deepEqual(one.events, [["handover", { state: "started", device: "d3" }]]);
});

test("the server decides: the stream goes on with the new device's tracks, the old connection is closed", async () => {
    const one = await asked();
    one.connections[1].iceBecomes("connected");
    one.inputs.messageReceived(decided);
    await settle();
    assert.equal(one.call.state, "active");
    assert.equal(one.call.peerConnection, one.connections[1]);
    assert.equal(one.connections[0].closed, true);
    assert.deepEqual(one.call.remoteStream.getTracks(),
        one.connections[1].getTransceivers().map(({ receiver }) => receiver.track));
    assert.deepEqual(one.events.at(-1), ["handover", { state: "completed", device: "d3" }]);
    assert.equal(one.states.includes("reconnecting"), false);
});

test("our own tracks are sent on both connections", async () => {
    const one = await asked();
    const sent = one.connections.map((connection) => connection.getTransceivers().map(({ sender }) => sender.track));
    assert.deepEqual(sent, [one.stream.getTracks(), one.stream.getTracks()]);
});

test("a handover that comes to nothing changes nothing", async () => {
    const one = await asked();
    const tracks = one.call.remoteStream.getTracks();
    one.inputs.messageReceived({ handover: { device: "d3", cancelled: true } });
    await settle();
    assert.equal(one.connections[1].closed, true);
    assert.equal(one.connections[0].closed, false);
    assert.deepEqual(one.call.remoteStream.getTracks(), tracks);
    assert.equal(one.call.state, "active");
    assert.deepEqual(one.events.at(-1), ["handover", { state: "failed", device: "d3" }]);
    one.inputs.messageReceived(handover, from("d3"));
    one.inputs.messageReceived(offer(1, 3), from("d3"));
    await settle();
    assert.equal(last(one, "description").session, 3, "and another one may follow");
});

test("the media of the device before it is lost meanwhile: the call goes on with the new one", async () => {
    const one = await asked();
    one.connections[0].iceBecomes("disconnected");
    assert.equal(one.call.state, "reconnecting");
    one.connections[1].iceBecomes("connected");
    one.inputs.messageReceived(decided);
    await settle();
    assert.equal(one.call.state, "active");
    await clock.advance(60_000);
    assert.equal(one.call.state, "active");
});

// ------------------------------------------------------------------------------------------- the new device

/** A device that fetches a call of which sessions up to 4 are known. */
async function takingOver(role = "callee") {
    const one = side(role, { state: CallState.takingOver(role) });
    one.inputs.takeOver({ audio: true, video: true }, 4);
    await settle();
    return one;
}

test("it asks first, and offers a connection with a higher session than all before", async () => {
    const one = await takingOver();
    assert.deepEqual(kinds(one), ["handover", "description"]);
    assert.deepEqual(last(one, "handover"), { media: { audio: true, video: true } });
    const { type, session, revision } = last(one, "description");
    assert.deepEqual([type, session > 4, revision], ["offer", true, 1]);
    assert.equal(one.call.state, "connecting");
});

test("a session that has been used after all: it offers once more, with a higher one", async () => {
    const one = await takingOver();
    const first = last(one, "description");
    one.inputs.refused({ name: "wrong_state", advice: "", message: { description: first } });
    await settle();
    assert.ok(last(one, "description").session > first.session);
    assert.equal(one.connections[0].closed, true);
    assert.equal(one.call.state, "connecting");
});

test("packets alone do not make it active: the server decides", async () => {
    const one = await takingOver();
    const { session } = last(one, "description");
    one.inputs.messageReceived(answer(1, session));
    await settle();
    one.connections[0].iceBecomes("connected");
    assert.deepEqual(one.sent.at(-1), { connected: { session } });
    assert.equal(one.call.state, "connecting");
    one.inputs.messageReceived({ selected: { ...decided.selected, session } });
    assert.equal(one.call.state, "active");
    assert.notEqual(one.call.activeSince, null);
});

test("the server may decide before the last packet is seen here", async () => {
    const one = await takingOver("caller");
    one.inputs.messageReceived({ selected: { ...decided.selected, session: last(one, "description").session } });
    assert.equal(one.call.state, "connecting");
    one.connections[0].iceBecomes("connected");
    assert.equal(one.call.state, "active");
});

test("it fails: the call ends here, and only here", async () => {
    const one = await takingOver();
    one.inputs.messageReceived({ ended: { reason: "connect_failed" } });
    assert.equal(one.call.endReason, "connect_failed");
    assert.ok(one.stream.getTracks().every(({ stopped }) => stopped));
});

test("a server that says nothing: it is given up after a time", async () => {
    const one = await takingOver();
    await clock.advance(30_000);
    assert.equal(one.call.endReason, "connect_failed");
});

test("the user changes his mind: nothing is hung up, for the call is the other device's", async () => {
    const one = await takingOver();
    one.sent.length = 0;
    one.call.hangup();
    assert.deepEqual(one.sent, [{ cancel: {} }]);
    assert.equal(one.call.endReason, "cancelled");
});

test("a server that refuses the handover ends it here", async () => {
    const one = await takingOver();
    one.inputs.refused({ name: "not_your_turn", advice: "one at a time", message: one.sent[0] });
    assert.equal(one.call.endReason, "connect_failed");
});

test("nothing of it survives a reload before the server has decided", async () => {
    const one = await takingOver();
    assert.deepEqual(one.stored, []);
    one.inputs.messageReceived({ selected: { ...decided.selected, session: last(one, "description").session } });
    assert.equal(one.stored.at(-1).selected, true);
});

// ------------------------------------------------------------------------------------------- the old device

test("the device before it ends, and says nothing", async () => {
    const one = await active("callee");
    one.sent.length = 0;
    one.inputs.messageReceived({ ended: { reason: "replaced" } });
    assert.equal(one.call.endReason, "replaced");
    assert.deepEqual(one.sent, []);
});
