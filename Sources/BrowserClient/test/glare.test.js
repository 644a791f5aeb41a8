import assert from "node:assert/strict";
import { test } from "node:test";
import { callee, caller, clock, invite, kinds, last, offer, selected, senders } from "./support/call-side.js";
import { settle } from "./support/manual-clock.js";

const winner = { id: "c2", role: "callee", media: { audio: true, video: true } };

/** A call of ours that made way for the other's. */
async function returning(options) {
    const one = await caller(options);
    one.sent.length = 0;
    one.inputs.continueAs(winner);
    return one;
}

test("the object goes on as the other's call: picked up at once, and the application hears of it", async () => {
    const one = await returning();
    assert.deepEqual(kinds(one), ["accept"]);
    assert.equal(one.call.id, "c2");
    assert.equal(one.call.role, "callee");
    assert.equal(one.call.state, "connecting");
    assert.deepEqual(one.events, [["glare", { previousId: "c1", id: "c2", role: "callee" }]]);
    assert.equal(one.ended, 0);
});

test("the peer connection of our call is closed, our tracks go on", async () => {
    const one = await returning();
    assert.equal(one.connections[0].closed, true);
    one.inputs.messageReceived(invite);
    one.inputs.messageReceived(offer());
    one.inputs.messageReceived(selected);
    await settle();
    assert.deepEqual(senders(one), { audio: one.stream.getTracks()[0], video: one.stream.getTracks()[1] });
    assert.ok(one.stream.getTracks().every(({ stopped }) => !stopped));
    assert.equal(one.opened.length, 1, "camera and microphone were opened once");
    assert.equal(last(one, "description").type, "answer");
    one.connections[1].iceBecomes("connected");
    assert.equal(one.call.state, "active");
});

test("nobody sends more than he has chosen: a voice call does not become a video call", async () => {
    const one = await returning({ media: { audio: true, video: false }, request: { video: false } });
    assert.deepEqual(last(one, "accept"), { media: { audio: true, video: false } });
    one.inputs.messageReceived(offer());
    await settle();
    assert.equal(senders(one).video, null);
    assert.deepEqual(one.opened, [{ audio: true, video: false }]);
});

test("what was prepared for the other's call is used: it is not answered twice", async () => {
    const other = await callee({ id: "c2" });
    const one = await caller();
    const negotiation = other.inputs.surrender();
    assert.equal(other.call.endReason, "glare");
    assert.deepEqual(kinds(other), ["ringing", "description"], "nothing was sent for the end");
    one.sent.length = 0;
    one.inputs.continueAs({ ...winner, negotiation });
    await settle();
    assert.deepEqual(kinds(one), ["accept"]);
    assert.equal(one.call.peerConnection, other.connections[0]);
    assert.equal(other.connections[0].closed, false);
    assert.equal(one.call.peerConnection.getTransceivers()[0].sender.track, one.stream.getTracks()[0]);
    const received = one.call.peerConnection.getTransceivers().map(({ receiver }) => receiver.track);
    assert.deepEqual(one.call.remoteStream.getTracks(), received);
    one.inputs.messageReceived(selected);
    other.connections[0].iceBecomes("connected");
    assert.equal(one.call.state, "active");
    assert.deepEqual(last(one, "connected"), { session: 1 });
});

test("where ICE would not wait, the prepared answer is applied by the return call", async () => {
    const other = await callee({ id: "c2", appliesAnswerAtPickup: true });
    const one = await caller({ appliesAnswerAtPickup: true });
    one.inputs.continueAs({ ...winner, negotiation: other.inputs.surrender() });
    await settle();
    assert.deepEqual(other.connections[0].log, ["remote offer", "local answer"]);
});

test("the other's call is over before it was picked up: ours is made once more, under a new id", async () => {
    const one = await returning();
    one.inputs.messageReceived({ ended: { reason: "cancelled" } });
    assert.equal(one.calledAgain, 1);
    assert.equal(one.call.state, "connecting", "for the application nothing has ended");
    one.sent.length = 0;
    one.inputs.continueAs({ id: "c3", role: "caller" });
    await settle();
    assert.deepEqual(kinds(one), ["invite", "description"]);
    assert.equal(last(one, "description").session, 1);
    assert.deepEqual(last(one, "invite"), { callee: "bob", media: { audio: true, video: true } });
    assert.deepEqual([one.call.id, one.call.role, one.call.state], ["c3", "caller", "inviting"]);
    assert.equal(senders(one).audio, one.stream.getTracks()[0]);
});

test("a server that does not know the other's call any more is the same", async () => {
    const one = await returning();
    one.inputs.unknown();
    assert.equal(one.calledAgain, 1);
});

test("our user has picked the other's call up on another device: that is the end here", async () => {
    const one = await returning();
    one.inputs.messageReceived({ ended: { reason: "answered_elsewhere" } });
    assert.equal(one.calledAgain, 0);
    assert.equal(one.call.endReason, "answered_elsewhere");
});

test("it is made once more, not for ever", async () => {
    const one = await returning();
    one.inputs.messageReceived({ ended: { reason: "cancelled" } });
    one.inputs.continueAs({ id: "c3", role: "caller" });
    one.inputs.continueAs({ ...winner, id: "c4" });
    one.inputs.messageReceived({ ended: { reason: "cancelled" } });
    assert.equal(one.calledAgain, 1);
    assert.equal(one.call.endReason, "cancelled");
});

test("an end after the pickup is an end", async () => {
    const one = await returning();
    one.inputs.messageReceived(selected);
    one.inputs.messageReceived({ ended: { reason: "hangup" } });
    assert.equal(one.calledAgain, 0);
    assert.equal(one.call.endReason, "hangup");
});

test("the user hangs up meanwhile: nothing is called again", async () => {
    const one = await returning();
    one.call.hangup();
    assert.deepEqual(kinds(one), ["accept", "hangup"]);
    one.inputs.messageReceived({ ended: { reason: "hangup" } });
    assert.equal(one.calledAgain, 0);
});

test("muted stays muted, and the peer hears of it", async () => {
    const one = await caller();
    one.call.setMuted({ audio: true });
    one.inputs.continueAs(winner);
    one.inputs.messageReceived(selected);
    assert.deepEqual(last(one, "mediaState"), { audioMuted: true, videoMuted: false });
    assert.equal(one.stream.getAudioTracks()[0].enabled, false);
});

test("a camera that opens after the change joins the other's call", async () => {
    let give;
    const one = await caller({ openMedia: () => new Promise((resolve) => (give = resolve)) });
    one.inputs.continueAs(winner);
    one.inputs.messageReceived(offer());
    await settle();
    const { FakeMediaStream } = await import("./support/fake-peer-connection.js");
    const stream = FakeMediaStream.of("audio", "video");
    give(stream);
    await settle();
    assert.deepEqual(senders(one), { audio: stream.getTracks()[0], video: stream.getTracks()[1] });
    await clock.advance(0);
});
