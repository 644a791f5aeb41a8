import assert from "node:assert/strict";
import { test } from "node:test";
import {
    active, callee, caller, clock, invite, kinds, last, offer, selected, senders, side,
} from "./support/call-side.js";
import { FakeMediaStream } from "./support/fake-peer-connection.js";
import { settle } from "./support/manual-clock.js";

test("the caller sends invite and offer at once, and the candidates as they come", async () => {
    const one = await caller();
    assert.deepEqual(kinds(one), ["invite", "description"]);
    assert.deepEqual(one.sent[0], { invite: { callee: "bob", media: { audio: true, video: true } } });
    assert.deepEqual(last(one, "description"),
        { type: "offer", sdp: "offer 1 of caller1: audio+video", session: 1, revision: 1 });
    one.connections[0].gather("a", "b");
    await clock.advance(10);
    assert.deepEqual(last(one, "candidates"),
        { candidates: [{ candidate: "a", sdpMid: "0" }, { candidate: "b", sdpMid: "0" }], session: 1, revision: 1 });
});

test("the offer leaves before it is applied: the text holds no address yet", async () => {
    const one = side("caller");
    const sentBefore = [];
    one.inputs.start({ audio: true, video: true });
    one.connections[0].setLocalDescription = async () => sentBefore.push(...kinds(one));
    await settle();
    assert.deepEqual(sentBefore, ["invite", "description"]);
});

test("the caller's camera joins when it is there", async () => {
    let give;
    const one = await caller({ openMedia: () => new Promise((resolve) => (give = resolve)) });
    assert.deepEqual(kinds(one), ["invite", "description"]);
    assert.deepEqual(senders(one), { audio: null, video: null });
    const stream = FakeMediaStream.of("audio", "video");
    give(stream);
    await settle();
    assert.deepEqual(senders(one), { audio: stream.getTracks()[0], video: stream.getTracks()[1] });
    assert.deepEqual(kinds(one), ["invite", "description"], "without a negotiation");
});

test("the callee prepares its answer while it rings, and opens no camera", async () => {
    const one = await callee();
    assert.deepEqual(kinds(one), ["ringing", "description"]);
    assert.deepEqual(last(one, "description"), {
        type: "answer", sdp: "answer of callee1 to <offer 1.1: audio+video>", session: 1, revision: 1,
    });
    assert.deepEqual(one.connections[0].getTransceivers().map(({ direction }) => direction), ["sendrecv", "sendrecv"]);
    assert.deepEqual(one.connections[0].log, ["remote offer", "local answer"]);
    assert.deepEqual(one.opened, []);
});

test("picking up sends accept first, and does not wait for the camera", async () => {
    const one = await callee();
    one.sent.length = 0;
    one.call.accept();
    assert.deepEqual(one.sent, [{ accept: { media: { audio: true, video: true } } }]);
    assert.equal(one.call.state, "connecting");
    await settle();
    assert.equal(senders(one).video, one.stream.getVideoTracks()[0]);
});

test("picking up before anything is prepared is as good", async () => {
    const one = side("callee");
    one.inputs.messageReceived(invite);
    one.call.accept();
    one.inputs.messageReceived(offer());
    await settle();
    assert.deepEqual(kinds(one), ["accept", "description"]);
    assert.equal(senders(one).audio, one.stream.getAudioTracks()[0]);
});

test("where ICE would not wait, the answer is sent at once but applied at pickup", async () => {
    const one = await callee({ appliesAnswerAtPickup: true });
    assert.deepEqual(kinds(one), ["ringing", "description"]);
    assert.deepEqual(one.connections[0].log, ["remote offer"]);
    one.call.accept();
    await settle();
    assert.deepEqual(one.connections[0].log, ["remote offer", "local answer"]);
});

test("a revised offer is answered anew, a repeated one is not needed", async () => {
    const one = await callee();
    one.inputs.messageReceived(offer(2));
    await settle();
    assert.equal(last(one, "description").revision, 2);
});

test("the caller applies the answer, then the candidates, of the selected device", async () => {
    const one = await caller();
    one.inputs.messageReceived({ ringing: {} });
    one.inputs.messageReceived(selected);
    one.inputs.messageReceived({ description: { type: "answer", sdp: "x", session: 1, revision: 1 } });
    const candidates = [{ candidate: "r", sdpMid: "0" }, {}];
    one.inputs.messageReceived({ candidates: { candidates, session: 1, revision: 1 } });
    await settle();
    assert.deepEqual(one.connections[0].log, ["local offer", "remote answer"]);
    assert.deepEqual(one.connections[0].candidates, ["r", ""]);
    assert.deepEqual(one.states, ["ringing", "connecting"]);
    assert.deepEqual(one.problems, []);
});

test("an answer to an older revision, or to another session, is dropped", async () => {
    const one = await caller();
    one.inputs.messageReceived(selected);
    one.inputs.messageReceived({ description: { type: "answer", sdp: "x", session: 1, revision: 0 } });
    one.inputs.messageReceived({ description: { type: "answer", sdp: "x", session: 2, revision: 1 } });
    await settle();
    assert.deepEqual(one.connections[0].log, ["local offer"]);
});

test("connected is sent once, and the call is active", async () => {
    const one = await active("caller");
    assert.equal(one.call.state, "active");
    assert.deepEqual(one.sent.filter(({ connected }) => connected), [{ connected: { session: 1 } }]);
});

test("lost packets: reconnecting, an ICE restart by the caller, and connected again", async () => {
    const one = await active("caller");
    one.sent.length = 0;
    one.connections[0].iceBecomes("disconnected");
    assert.equal(one.call.state, "reconnecting");
    assert.deepEqual(kinds(one), ["reconnecting"]);
    await clock.advance(1_500);
    assert.deepEqual(kinds(one), ["reconnecting", "description"]);
    assert.equal(last(one, "description").revision, 2);
    one.connections[0].iceBecomes("connected");
    assert.deepEqual(kinds(one), ["reconnecting", "description", "connected"]);
    assert.equal(one.call.state, "active");
    await clock.advance(60_000);
    assert.equal(one.call.state, "active");
});

test("media that stays lost ends the call", async () => {
    const one = await active("callee");
    one.connections[0].iceBecomes("failed");
    await clock.advance(30_000);
    assert.equal(one.call.endReason, "media_lost");
    assert.deepEqual(one.sent.at(-1), { hangup: { reason: "media_lost" } });
});

test("offers that meet: the callee takes its own back, the caller does not", async () => {
    for (const [role, log] of [["callee", ["remote offer", "local answer"]], ["caller", []]]) {
        const one = await active(role);
        one.connections[0].restartIce();
        await settle();
        one.connections[0].log.length = 0;
        one.inputs.messageReceived(offer(2));
        await settle();
        assert.deepEqual(one.connections[0].log, log, role);
    }
});

test("negotiation that the browser wishes for while it rings waits until the peer is known", async () => {
    const one = await callee();
    one.connections[0].onnegotiationneeded();
    await settle();
    assert.equal(kinds(one).filter((kind) => kind === "description").length, 1);
    one.call.accept();
    one.inputs.messageReceived(selected);
    await settle();
    assert.equal(last(one, "description").type, "answer", "not while the two are about to connect");
    one.connections[0].connects();
    await settle();
    assert.equal(last(one, "description").type, "offer");
});

for (const [role, before, message] of [
    ["caller", [], { cancel: {} }],
    ["caller", [selected], { hangup: { reason: "hangup" } }],
    ["callee", [], { reject: {} }],
]) {
    const [kind] = Object.keys(message);
    test(`hanging up as ${role} after ${before.length} messages sends ${kind}, and all is closed`, async () => {
        const one = role === "caller" ? await caller() : await callee();
        for (const earlier of before) one.inputs.messageReceived(earlier);
        one.call.hangup();
        assert.deepEqual(one.sent.at(-1), message);
        assert.equal(one.call.state, "ended");
        assert.equal(one.connections[0].closed, true);
        assert.equal(one.ended, 1);
        one.call.hangup();
        one.inputs.messageReceived({ ended: { reason: "hangup" } });
        assert.equal(one.ended, 1, "once");
    });
}

test("answered elsewhere: it stops here, and nothing is sent", async () => {
    const one = await callee();
    one.sent.length = 0;
    one.inputs.messageReceived({ ended: { reason: "answered_elsewhere" } });
    assert.equal(one.call.endReason, "answered_elsewhere");
    one.connections[0].gather("late");
    await clock.advance(100);
    one.call.accept();
    assert.deepEqual(one.sent, []);
    assert.deepEqual(one.opened, []);
});

test("the camera that the SDK opened is stopped at the end, also if it comes too late", async () => {
    const one = await active("caller");
    one.call.hangup();
    assert.ok(one.stream.getTracks().every(({ stopped }) => stopped));

    const late = FakeMediaStream.of("audio");
    let give;
    const two = await caller({ openMedia: () => new Promise((resolve) => (give = resolve)) });
    two.call.hangup();
    give(late);
    await settle();
    assert.ok(late.getTracks()[0].stopped);
});

test("a stream that the application gave is the application's to stop", async () => {
    const stream = FakeMediaStream.of("audio", "video");
    const one = side("caller");
    one.inputs.start({ audio: true, video: true, stream });
    await settle();
    assert.equal(senders(one).video, stream.getVideoTracks()[0]);
    one.call.hangup();
    assert.deepEqual(one.opened, []);
    assert.ok(stream.getTracks().every(({ stopped }) => !stopped));
});

test("without a camera the call goes on, and the application is told", async () => {
    const one = await caller({
        openMedia: async () => {
            throw Object.assign(new Error("no device"), { name: "NotFoundError" });
        },
    });
    assert.equal(one.call.state, "inviting");
    assert.deepEqual(one.problems, [{ name: "NotFoundError", message: "no device", kind: "media" }]);
});

test("a browser that cannot make the offer ends the call", async () => {
    const one = side("caller");
    one.inputs.start({ audio: true, video: true });
    one.connections[0].createOffer = async () => {
        throw new Error("no codecs");
    };
    await settle();
    assert.equal(one.call.endReason, "cancelled");
    assert.deepEqual(one.sent.at(-1), { cancel: {} });
    assert.equal(one.problems[0].kind, "negotiation");
});

test("refusals: of the invite it ends the call, of a detail it is only told", async () => {
    const one = await caller();
    one.inputs.refused({ name: "wrong_state", advice: "too late", message: { info: {} } });
    assert.equal(one.call.state, "inviting");
    assert.equal(one.problems[0].name, "wrong_state");
    one.inputs.refused({ name: "not_allowed", advice: "no", message: one.sent[0] });
    assert.equal(one.call.endReason, "not_allowed");
});

test("muting switches tracks off, and tells the peer once there is one", async () => {
    const one = await caller();
    one.call.setMuted({ audio: true });
    assert.equal(one.stream.getAudioTracks()[0].enabled, false);
    assert.equal(last(one, "mediaState"), undefined);
    one.inputs.messageReceived(selected);
    assert.deepEqual(last(one, "mediaState"), { audioMuted: true, videoMuted: false });
    one.inputs.messageReceived({ mediaState: { videoMuted: true } });
    assert.deepEqual(one.call.remoteMuted, { audio: false, video: true });
});

test("busy and ignore end it on this device only", async () => {
    for (const kind of ["busy", "ignore"]) {
        const one = await callee();
        one.call[kind]();
        assert.deepEqual(one.sent.at(-1), { [kind]: {} });
        assert.equal(one.call.state, "ended");
    }
});

test("timings are taken once, from the begin of the call", async () => {
    const one = await caller();
    await clock.advance(100);
    one.inputs.accepted([{ invite: {} }]);
    one.inputs.messageReceived({ ringing: {} });
    await clock.advance(900);
    one.inputs.messageReceived(selected);
    one.inputs.messageReceived(selected);
    assert.deepEqual(one.call.timings, { invited: 0, offerSent: 0, accepted: 100, ringing: 100, selected: 1_000 });
});

test("a snapshot brings the call up to date", async () => {
    const one = await caller();
    one.inputs.snapshotReceived({ state: "active" });
    assert.equal(one.call.state, "connecting");
    one.inputs.snapshotReceived({ state: "ended", reason: "declined" });
    assert.equal(one.call.endReason, "declined");
    const two = await callee();
    two.inputs.snapshotReceived({ state: "active", leg: "cancelled" });
    assert.equal(two.call.endReason, "answered_elsewhere");
});

test("messages of a later version change nothing", async () => {
    const one = await caller();
    one.inputs.messageReceived({ hologram: {} });
    one.inputs.messageReceived({});
    assert.equal(one.call.state, "inviting");
});
