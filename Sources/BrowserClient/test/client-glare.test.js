import assert from "node:assert/strict";
import { test } from "node:test";
import {
    CALL, clock, connected, deliver, invite, kindsSent, lastSent, offer, selected, storage,
} from "./support/fake-client.js";
import { settle } from "./support/manual-clock.js";

const glare = { glare: { winner: CALL, caller: "alice", media: { audio: true } } };
const ended = (reason) => ({ ended: { reason } });

/** We call alice, and the server says that she was first. */
async function lost({ before = () => {}, request = { video: false } } = {}) {
    const made = await connected();
    const call = made.call("alice", request);
    const ours = call.id;
    await settle();
    await before(made);
    deliver(1, glare, { conversation: ours });
    deliver(2, ended("glare"), { conversation: ours });
    await settle();
    return { made, call, ours };
}

test("our call goes on as the other's, which is picked up by the first message in it", async () => {
    const { made, call } = await lost();
    assert.equal(call.id, CALL);
    assert.deepEqual(kindsSent(CALL), ["accept"]);
    assert.deepEqual(made.calls, [call]);
    assert.ok(!made.events.includes("incoming alice"));
});

test("its invite and offer come later: they belong to the same call, and are answered", async () => {
    const { made, call } = await lost();
    deliver(1, invite);
    deliver(2, offer());
    deliver(3, selected);
    await settle();
    assert.deepEqual(kindsSent(CALL), ["accept", "description"]);
    assert.equal(call.state, "connecting");
    assert.ok(!made.events.includes("incoming alice"));
});

test("its invite came before: it is not shown while ours is open, and what was prepared is used", async () => {
    const { made, call } = await lost({
        before: async () => {
            deliver(1, invite);
            deliver(2, offer());
            await settle();
        },
    });
    assert.deepEqual(kindsSent(CALL), ["description", "accept"], "it never rang");
    assert.deepEqual(made.calls, [call]);
    assert.ok(!made.events.includes("incoming alice"));
    deliver(3, selected);
    await settle();
    assert.deepEqual(kindsSent(CALL), ["description", "accept"]);
});

test("it rang already when our user pressed call: its object ends, ours goes on", async () => {
    const made = await connected();
    deliver(1, invite);
    deliver(2, offer());
    await settle();
    const [incoming] = made.calls;
    const call = made.call("alice", { video: false });
    await settle();
    deliver(1, glare, { conversation: call.id });
    await settle();
    assert.equal(incoming.endReason, "glare");
    assert.deepEqual(kindsSent(CALL), ["ringing", "description", "accept"]);
    assert.deepEqual(made.calls, [call]);
});

test("its invite stays hidden only as long as ours is open", async () => {
    const made = await connected();
    const call = made.call("alice");
    await settle();
    deliver(1, invite);
    assert.ok(!made.events.includes("incoming alice"));
    call.hangup();
    assert.ok(made.events.includes("incoming alice"));
});

test("another user's call is no return call", async () => {
    const made = await connected();
    made.call("carol");
    deliver(1, invite);
    assert.ok(made.events.includes("incoming alice"));
});

test("the other's call has ended before: ours is made once more, under a new id", async () => {
    const { call, ours } = await lost({
        before: () => {
            deliver(1, invite);
            deliver(2, ended("cancelled"));
        },
    });
    assert.notEqual(call.id, CALL);
    assert.notEqual(call.id, ours);
    assert.deepEqual(kindsSent(call.id), ["invite", "description"]);
    assert.equal(call.role, "caller");
});

test("the other's call ends before the pickup is committed: likewise", async () => {
    const { made, call } = await lost();
    deliver(1, ended("cancelled"));
    await settle();
    assert.notEqual(call.id, CALL);
    assert.deepEqual(kindsSent(call.id), ["invite", "description"]);
    assert.deepEqual(lastSent(call.id).description.session, 1);
    assert.deepEqual(made.calls, [call]);
    deliver(1, { ringing: {} }, { conversation: call.id });
    assert.equal(call.state, "ringing");
});

test("the user hangs up in that moment: nobody is called again, and the other's call may ring", async () => {
    const made = await connected();
    const call = made.call("alice");
    await settle();
    deliver(1, invite);
    call.hangup();
    deliver(1, glare, { conversation: call.id });
    deliver(2, ended("glare"), { conversation: call.id });
    await settle();
    assert.equal(call.state, "ended");
    assert.deepEqual(made.calls.map(({ id }) => id), [CALL]);
    assert.deepEqual(kindsSent(CALL), ["ringing"]);
});

test("what survives a reload is the call that goes on", async () => {
    const { ours } = await lost();
    await clock.advance(0);
    const records = await storage.loadCalls("d");
    assert.deepEqual(records.map(({ id, role, pickedUp }) => [id, role, pickedUp]), [[CALL, "callee", true]]);
    assert.notEqual(ours, CALL);
});
