import assert from "node:assert/strict";
import { test } from "node:test";
import { active, callee, caller, clock, kinds, last, offer, selected, senders } from "./support/call-side.js";
import { settle } from "./support/manual-clock.js";

const candidates = (session, candidate) => ({ candidates: { candidates: [{ candidate }], session } });

test("a peer that begins anew is answered on a new connection, and the old one stays until packets pass", async () => {
    const one = await active("callee");
    const [before] = one.connections;
    one.inputs.messageReceived(offer(1, 2));
    await settle();
    assert.equal(one.connections.length, 2);
    assert.equal(before.closed, false);
    assert.equal(one.call.peerConnection, before);
    assert.equal(last(one, "description").session, 2);
    assert.equal(senders(one).audio, one.stream.getTracks()[0], "with the media at hand");
    one.connections[1].iceBecomes("connected");
    await settle();
    assert.deepEqual(last(one, "connected"), { session: 2 });
    assert.equal(one.call.peerConnection, one.connections[1]);
    assert.equal(before.closed, true);
});

test("the remote stream is one object, and has the tracks of the connection in use only", async () => {
    const one = await active("callee");
    const stream = one.call.remoteStream;
    const before = stream.getTracks();
    one.inputs.messageReceived(offer(1, 2));
    await settle();
    assert.deepEqual(stream.getTracks(), before);
    one.connections[1].iceBecomes("connected");
    await settle();
    assert.equal(one.call.remoteStream, stream);
    assert.deepEqual(stream.getTracks(), one.connections[1].getTransceivers().map(({ receiver }) => receiver.track));
});

test("the old picture stays until the new one has come, but not for ever", async () => {
    for (const comes of [true, false]) {
        clock.reset();
        const one = await active("callee");
        const before = one.call.remoteStream.getVideoTracks();
        one.inputs.messageReceived(offer(1, 2));
        await settle();
        const picture = one.connections[1].getTransceivers()[1].receiver.track;
        picture.muted = true;
        one.connections[1].iceBecomes("connected");
        await clock.advance(1_000);
        assert.deepEqual(one.call.remoteStream.getVideoTracks(), before);
        assert.equal(one.call.remoteStream.getAudioTracks()[0].id, "callee2-audio", "the sound does not wait");
        assert.equal(one.connections[0].closed, false);
        if (comes) picture.dispatchEvent(new Event("unmute"));
        else await clock.advance(1_000);
        await settle();
        assert.ok(one.call.remoteStream.getTracks().includes(picture));
        assert.equal(one.call.remoteStream.getTracks().length, 2);
        assert.equal(one.connections[0].closed, true);
    }
});

test("a picture of a connection that has been replaced in turn is not shown any more", async () => {
    const one = await active("callee");
    one.inputs.messageReceived(offer(1, 2));
    await settle();
    one.connections[1].getTransceivers()[1].receiver.track.muted = true;
    one.connections[1].connects();
    one.inputs.messageReceived(offer(1, 3));
    await settle();
    one.connections[2].connects();
    await clock.advance(5_000);
    assert.deepEqual(one.call.remoteStream.getTracks().map(({ id }) => id).sort(), ["callee3-audio", "callee3-video"]);
});

test("a peer that begins anew after its media was lost brings the call back", async () => {
    const one = await active("caller");
    one.connections[0].iceBecomes("disconnected");
    one.inputs.messageReceived(offer(1, 2));
    await settle();
    one.connections[1].iceBecomes("connected");
    assert.equal(one.call.state, "active");
    await clock.advance(60_000);
    assert.equal(one.call.state, "active", "nobody gives up any more");
});

test("a caller that begins anew while it rings is answered on a new connection at once", async () => {
    const one = await callee();
    one.inputs.messageReceived(offer(1, 2));
    await settle();
    assert.equal(one.connections[0].closed, true);
    assert.equal(one.call.peerConnection, one.connections[1]);
    assert.equal(last(one, "description").session, 2);
    assert.equal(one.call.remoteStream.getTracks().length, 2);
});

test("candidates go to the connection of their session, those of others nowhere", async () => {
    const one = await active("callee");
    one.inputs.messageReceived(offer(1, 2));
    for (const [session, candidate] of [[1, "old"], [2, "new"], [3, "unknown"]]) {
        one.inputs.messageReceived(candidates(session, candidate));
    }
    await settle();
    assert.deepEqual(one.connections.map(({ candidates: taken }) => taken), [["old"], ["new"]]);
});

test("candidates from before an ICE restart are dropped", async () => {
    const one = await active("callee");
    const sdp = "offer 1.2: audio+video\r\na=ice-ufrag:newU\r\n";
    one.inputs.messageReceived({ description: { type: "offer", sdp, session: 1, revision: 2 } });
    for (const [candidate, usernameFragment] of [["late", "oldU"], ["timely", "newU"], ["longer", "newUx"]]) {
        one.inputs.messageReceived({
            candidates: { candidates: [{ candidate, usernameFragment }], session: 1, revision: 2 },
        });
    }
    await settle();
    assert.deepEqual(one.connections[0].candidates, ["timely"]);
});

test("an offer of an older session is dropped", async () => {
    const one = await active("callee");
    one.inputs.messageReceived(offer(1, 2));
    await settle();
    one.connections[1].iceBecomes("connected");
    await settle();
    one.sent.length = 0;
    one.inputs.messageReceived(offer(9, 1));
    await settle();
    assert.deepEqual(one.sent, []);
    assert.equal(one.connections.length, 2);
});

test("a new connection that the browser cannot make leaves the old one as it is", async () => {
    const one = await active("callee");
    one.inputs.messageReceived({ description: { type: "offer", sdp: "x", session: 2, revision: 1 } });
    one.connections[1].createAnswer = async () => {
        throw new Error("no codecs");
    };
    await settle();
    assert.equal(one.call.state, "active");
    assert.equal(one.connections[0].closed, false);
    assert.equal(one.connections[1].closed, true);
    assert.equal(one.problems[0].kind, "negotiation");
});

test("the network changes while it rings: the caller revises its offer, on the same connection", async () => {
    const one = await caller();
    await one.inputs.networkChanged();
    await settle();
    assert.equal(one.iceServersAsked, 1);
    assert.match(last(one, "description").sdp, /restart/);
    assert.deepEqual([last(one, "description").session, last(one, "description").revision], [1, 2]);
    assert.equal(one.connections.length, 1);
});

test("an answer to the offer before the revised one is dropped, the one to the revised offer applied", async () => {
    const one = await caller();
    await one.inputs.networkChanged();
    await settle();
    one.inputs.messageReceived(selected);
    one.inputs.messageReceived({ description: { type: "answer", sdp: "x", session: 1, revision: 1 } });
    await settle();
    assert.equal(one.connections[0].signalingState, "have-local-offer");
    one.inputs.messageReceived({ description: { type: "answer", sdp: "x", session: 1, revision: 2 } });
    await settle();
    assert.equal(one.connections[0].signalingState, "stable");
});

test("the network of the callee changes while it rings: a new path is looked for if the old one leads nowhere", async () => {
    for (const connects of [true, false]) {
        clock.reset();
        const one = await callee();
        await one.inputs.networkChanged();
        one.call.accept();
        await settle();
        assert.equal(kinds(one).filter((kind) => kind === "description").length, 1, "nobody to negotiate with yet");
        one.inputs.messageReceived(selected);
        if (connects) one.connections[0].connects();
        await clock.advance(3_000);
        assert.equal(last(one, "description").type, connects ? "answer" : "offer");
    }
});

test("nothing is negotiated between pickup and the first packet; but if none comes, it is", async () => {
    const one = await callee();
    one.call.accept();
    one.inputs.messageReceived(selected);
    one.connections[0].restartIce();
    await clock.advance(2_999);
    assert.equal(last(one, "description").type, "answer");
    await clock.advance(1);
    assert.equal(last(one, "description").type, "offer");
});

test("a connection that the browser does not go on with is replaced, without an end of the media", async () => {
    const one = await active("caller");
    one.connections[0].setRemoteDescription = async () => {
        throw new Error("Failed to set SSL role");
    };
    one.inputs.messageReceived(offer(2));
    await settle();
    assert.equal(one.problems[0].kind, "negotiation");
    assert.equal(one.call.state, "active");
    const { type, session, revision, sdp } = last(one, "description");
    assert.deepEqual([type, session, revision], ["offer", 2, 1]);
    assert.match(sdp, /audio\+video/);
    assert.equal(one.call.peerConnection, one.connections[0]);
    one.inputs.messageReceived({ description: { type: "answer", sdp: "x", session: 2, revision: 1 } });
    await settle();
    one.connections[1].connects();
    await settle();
    assert.equal(one.call.peerConnection, one.connections[1]);
    assert.equal(one.connections[0].closed, true);
    assert.equal(senders(one).audio, one.stream.getTracks()[0]);
});

test("a browser that goes on with none of them is not asked for ever", async () => {
    const one = await active("caller");
    const refuse = async () => {
        throw new Error("never");
    };
    for (let attempt = 1; attempt < 9; attempt += 1) {
        one.call.peerConnection.setRemoteDescription = refuse;
        one.inputs.messageReceived(offer(2, last(one, "description").session));
        await settle();
        const { session } = last(one, "description");
        one.inputs.messageReceived({ description: { type: "answer", sdp: "x", session, revision: 1 } });
        await settle();
        one.connections.at(-1).connects();
        await settle();
    }
    assert.equal(one.connections.length, 4);
});

test("the network changes during the call: fresh ICE servers first, then an ICE restart", async () => {
    const one = await active("callee");
    const order = [];
    one.connections[0].restartIce = () => order.push(one.iceServersAsked);
    await one.inputs.networkChanged();
    assert.deepEqual(order, [1]);
});

test("ICE servers that come unasked are taken", async () => {
    const one = await active("caller");
    one.inputs.iceServersChanged([{ urls: ["turn:t"], username: "u", credential: "c" }]);
    assert.equal(one.connections[0].getConfiguration().iceServers[0].username, "u");
});

test("a call made before any ICE servers were known gathers anew when they are", async () => {
    const one = await caller({ iceServers: [] });
    assert.equal(last(one, "description").revision, 1);
    one.inputs.iceServersChanged([{ urls: ["stun:s"] }]);
    one.inputs.iceServersChanged([{ urls: ["stun:s"] }]);
    await settle();
    assert.equal(last(one, "description").revision, 2, "once");
});

test("media that the peer adds are answered for both directions: our own may follow without a negotiation", async () => {
    const one = await active("callee");
    const sdp = "offer 1.2: audio+video+other";
    one.inputs.messageReceived({ description: { type: "offer", sdp, session: 1, revision: 2 } });
    await settle();
    assert.deepEqual(one.connections[0].getTransceivers().map(({ direction }) => direction),
        ["sendrecv", "sendrecv", "sendrecv"]);
});

test("the peer's own losses are told", async () => {
    const one = await active("caller");
    one.inputs.messageReceived({ reconnecting: {} });
    assert.equal(one.call.peerReconnecting, true);
    one.inputs.messageReceived({ connected: { session: 1 } });
    one.inputs.messageReceived({ connected: { session: 1 } });
    assert.deepEqual(one.events.filter(([type]) => type === "peer"),
        [["peer", { reconnecting: true }], ["peer", { reconnecting: false }]]);
});
