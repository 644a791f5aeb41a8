import assert from "node:assert/strict";
import { test } from "node:test";
import { active, callee, caller, kinds, last, senders } from "./support/call-side.js";
import { FakeMediaStream, FakeTrack } from "./support/fake-peer-connection.js";
import { settle } from "./support/manual-clock.js";

test("the local stream is one object, with what is sent", async () => {
    const one = await active("caller");
    const stream = one.call.localStream;
    assert.deepEqual(stream.getTracks(), one.stream.getTracks());
    await one.call.shareScreen();
    assert.equal(one.call.localStream, stream);
    assert.deepEqual(stream.getVideoTracks(), one.screen.getVideoTracks());
});

test("the screen takes the camera's place, without a negotiation, and gives it back", async () => {
    const one = await active("caller");
    one.sent.length = 0;
    await one.call.shareScreen();
    assert.equal(senders(one).video, one.screen.getVideoTracks()[0]);
    assert.deepEqual(one.sent, [{ mediaState: { audioMuted: false, videoMuted: false, screen: true } }]);
    assert.deepEqual(one.call.screen, { local: true, remote: false });
    await one.call.stopSharing();
    assert.equal(senders(one).video, one.stream.getVideoTracks()[0]);
    assert.deepEqual(last(one, "mediaState"), { audioMuted: false, videoMuted: false });
    assert.ok(one.screen.getTracks()[0].stopped);
    assert.ok(!one.stream.getVideoTracks()[0].stopped);
    assert.deepEqual(one.events.map(([type, { local }]) => [type, local]), [["screen", true], ["screen", false]]);
    await one.call.stopSharing();
    assert.equal(one.events.length, 2, "once");
});

test("the browser's own button ends the sharing too", async () => {
    const one = await active("caller");
    await one.call.shareScreen();
    one.screen.getVideoTracks()[0].dispatchEvent(new Event("ended"));
    await settle();
    assert.equal(one.call.screen.local, false);
    assert.equal(senders(one).video, one.stream.getVideoTracks()[0]);
});

test("a screen that the application gave is the application's to stop", async () => {
    const one = await active("caller");
    const given = FakeMediaStream.of("video");
    await one.call.shareScreen(given);
    one.call.hangup();
    assert.ok(!given.getTracks()[0].stopped);
});

test("a muted camera does not hide the screen", async () => {
    const one = await active("caller");
    one.call.setMuted({ video: true });
    await one.call.shareScreen();
    assert.deepEqual(last(one, "mediaState"), { audioMuted: false, videoMuted: false, screen: true });
    assert.equal(one.screen.getVideoTracks()[0].enabled, true);
    await one.call.stopSharing();
    assert.equal(last(one, "mediaState").videoMuted, true);
});

test("a voice call becomes a video call: the camera opens, and the kind is negotiated", async () => {
    const one = await active("caller", { media: { audio: true, video: false }, request: { video: false } });
    one.sent.length = 0;
    await one.call.openMedia({ audio: true, video: true });
    await settle();
    assert.deepEqual(one.opened, [{ audio: true, video: false }, { audio: false, video: true }]);
    assert.equal(last(one, "description").type, "offer");
    assert.equal(senders(one).video, one.call.localStream.getVideoTracks()[0]);
    assert.equal(one.call.localStream.getTracks().length, 2);
});

test("a track of the application replaces the one of its kind, and is never stopped", async () => {
    const one = await active("caller");
    const track = new FakeTrack("video");
    await one.call.addTrack(track);
    assert.equal(senders(one).video, track);
    assert.ok(one.stream.getVideoTracks()[0].stopped, "the SDK's own one is");
    await one.call.removeTrack("video");
    assert.equal(senders(one).video, null);
    one.call.hangup();
    assert.ok(!track.stopped);
});

test("a call that has ended opens nothing", async () => {
    const one = await active("caller");
    one.call.hangup();
    await assert.rejects(one.call.openMedia({ video: true }), /ended/);
    await assert.rejects(one.call.shareScreen(), /ended/);
    assert.equal(one.screen, undefined);
});

test("a screen chosen after the call has ended is stopped", async () => {
    const one = await active("caller");
    const sharing = one.call.shareScreen();
    one.call.hangup();
    await sharing;
    assert.ok(one.screen.getTracks()[0].stopped);
});

test("the peer's screen is told", async () => {
    const one = await active("callee");
    one.inputs.messageReceived({ mediaState: { screen: true } });
    one.inputs.messageReceived({ mediaState: { screen: true, audioMuted: true } });
    assert.deepEqual(one.events, [["screen", { local: false, remote: true }]]);
    assert.deepEqual(one.call.remoteMuted, { audio: true, video: false });
});

test("info reaches the peer once there is one", async () => {
    const one = await caller();
    assert.throws(() => one.call.sendInfo("chat", "too soon"), /picked up/);
    const two = await active("callee");
    two.call.sendInfo("chat", "hello");
    assert.deepEqual(last(two, "info"), { type: "chat", body: "hello" });
    let heard;
    two.call.addEventListener("info", ({ detail }) => (heard = detail));
    two.inputs.messageReceived({ info: { type: "chat" } });
    assert.deepEqual(heard, { type: "chat", body: "" });
});

test("a muted device says so when there is somebody to hear it", async () => {
    const one = await callee();
    one.call.setMuted({ video: true });
    assert.equal(kinds(one).includes("mediaState"), false);
    one.call.accept();
    one.inputs.messageReceived({ selected: {} });
    assert.deepEqual(last(one, "mediaState"), { audioMuted: false, videoMuted: true });
});
