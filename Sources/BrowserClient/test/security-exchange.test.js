import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { securityCode } from "../sdk/security/code.js";
import { SecurityExchange } from "../sdk/security/exchange.js";
import { fingerprintOf } from "../sdk/security/fingerprint.js";
import "./support/web-crypto.js";

const CALL = "4f7c3c8e-6d0e-4b5e-9a55-0d8f6f3b2a11";
const digits = (byte) => Array(32).fill(byte).join(":");
const sdp = (byte) => `v=0\r\na=fingerprint:sha-256 ${digits(byte)}\r\n`;
const bytes = (byte) => fingerprintOf(sdp(byte));

/** All ends of the test that runs. */
let ends = [];

/** Digests are computed elsewhere: waits until nobody has anything to do. */
async function settle() {
    for (let turn = 0; turn < 3; turn += 1) {
        for (const { exchange } of ends) await exchange.idle();
        await new Promise((resolve) => setImmediate(resolve));
    }
}

beforeEach(() => (ends = []));

/** One end; `sent` is what it says to the other. */
function end(role) {
    const made = { sent: [], states: [], problems: [] };
    made.exchange = new SecurityExchange({
        call: CALL,
        role,
        hooks: {
            send: (message) => made.sent.push(message.security),
            changed: (state) => made.states.push(state),
            problem: ({ name }) => made.problems.push(name),
        },
    });
    ends.push(made);
    return made;
}

const steps = ({ sent }) => sent.map(({ step }) => step);

/** Carries what is said, until nothing is; `between` may change it. */
async function converse(caller, callee, between = (message) => message) {
    const told = new Map([[caller, 0], [callee, 0]]);
    for (let turn = 0; turn < 6; turn += 1) {
        await settle();
        for (const [from, to] of [[caller, callee], [callee, caller]]) {
            for (const message of from.sent.slice(told.get(from))) {
                const carried = between(message, from === caller ? "caller" : "callee");
                if (carried) to.exchange.messageReceived(carried);
            }
            told.set(from, from.sent.length);
        }
    }
    await settle();
}

/** Caller and callee, each with the other's description. */
function described({ callerSees = "bb", calleeSees = "aa", session = 1 } = {}) {
    const [caller, callee] = [end("caller"), end("callee")];
    for (const { exchange } of [caller, callee]) exchange.switchedTo(session);
    caller.exchange.localDescribed(session, sdp("aa"));
    callee.exchange.remoteDescribed(session, sdp(calleeSees));
    callee.exchange.localDescribed(session, sdp("bb"));
    caller.exchange.remoteDescribed(session, sdp(callerSees));
    return [caller, callee];
}

function sealed(caller, callee, { callerSees = "bb", calleeSees = "aa", session = 1 } = {}) {
    caller.exchange.secured(session, [bytes(callerSees)]);
    callee.exchange.secured(session, [bytes(calleeSees)]);
}

test("both ends see the same code, and not before the media is encrypted", async () => {
    const [caller, callee] = described();
    for (const { exchange } of [caller, callee]) exchange.selected();
    await converse(caller, callee);
    assert.deepEqual([steps(caller), steps(callee)], [["commit", "reveal"], ["nonce"]]);
    assert.equal(caller.exchange.code, null);
    assert.equal(caller.exchange.state, "pending");
    sealed(caller, callee);
    await settle();
    assert.equal(caller.exchange.state, "ready");
    assert.equal(caller.exchange.code.length, 5);
    assert.deepEqual(caller.exchange.code, callee.exchange.code);
    assert.deepEqual([caller.states, callee.states], [["pending", "ready"], ["pending", "ready"]]);
});

test("nothing is revealed before the call is picked up", async () => {
    const [caller, callee] = described();
    await converse(caller, callee);
    assert.deepEqual([steps(caller), steps(callee)], [["commit"], ["nonce"]]);
    assert.equal(caller.exchange.state, "unavailable");
});

test("nothing is revealed before the callee's certificate is settled", async () => {
    const [caller, callee] = [end("caller"), end("callee")];
    for (const { exchange } of [caller, callee]) {
        exchange.switchedTo(1);
        exchange.selected();
    }
    caller.exchange.localDescribed(1, sdp("aa"));
    callee.exchange.remoteDescribed(1, sdp("aa"));
    callee.exchange.localDescribed(1, sdp("bb"));
    await converse(caller, callee);
    assert.deepEqual(steps(caller), ["commit"]);
    caller.exchange.remoteDescribed(1, sdp("bb"));
    await settle();
    assert.deepEqual(steps(caller), ["commit", "reveal"]);
});

test("the callee tells its number only when it has the promise", async () => {
    const [, callee] = described();
    callee.exchange.selected();
    await settle();
    assert.deepEqual(steps(callee), []);
});

test("the callee tells it again, and the same, with each answer while it rings: what was held is dropped", async () => {
    const [caller, callee] = described();
    await converse(caller, callee);
    callee.exchange.localDescribed(1, sdp("bb"));
    await settle();
    assert.deepEqual(steps(callee), ["nonce", "nonce"]);
    assert.equal(callee.sent[0].value, callee.sent[1].value);
    callee.exchange.selected();
    callee.exchange.localDescribed(1, sdp("bb"));
    await settle();
    assert.equal(callee.sent.length, 2, "once it is picked up nothing is held any more");
});

test("the promise may come before the offer that it belongs to", async () => {
    const [caller] = described();
    await settle();
    const callee = end("callee");
    callee.exchange.messageReceived(caller.sent[0]);
    callee.exchange.switchedTo(1);
    callee.exchange.remoteDescribed(1, sdp("aa"));
    callee.exchange.localDescribed(1, sdp("bb"));
    await settle();
    assert.deepEqual(steps(callee), ["nonce"]);
});

test("whoever replaces the fingerprints by his own has another code on each side", async () => {
    // The one between has a certificate of his own, "cc", and talks to each end as if he were the other.
    const [caller, callee] = [end("caller"), end("callee")];
    const [asCallee, asCaller] = [end("callee"), end("caller")];
    for (const { exchange } of [caller, callee, asCallee, asCaller]) exchange.switchedTo(1);
    for (const [a, b, fingerprintA, fingerprintB] of [[caller, asCallee, "aa", "cc"], [asCaller, callee, "cc", "bb"]]) {
        a.exchange.localDescribed(1, sdp(fingerprintA));
        b.exchange.remoteDescribed(1, sdp(fingerprintA));
        b.exchange.localDescribed(1, sdp(fingerprintB));
        a.exchange.remoteDescribed(1, sdp(fingerprintB));
        for (const { exchange } of [a, b]) exchange.selected();
        await converse(a, b);
        sealed(a, b, { callerSees: fingerprintB, calleeSees: fingerprintA });
    }
    await settle();
    assert.equal(caller.exchange.state, "ready");
    assert.equal(callee.exchange.state, "ready");
    assert.notDeepEqual(caller.exchange.code, callee.exchange.code);
});

test("fingerprints replaced without a certificate behind them are noticed by themselves", async () => {
    const [caller, callee] = described({ calleeSees: "cc" });
    for (const { exchange } of [caller, callee]) exchange.selected();
    await converse(caller, callee);
    assert.equal(callee.exchange.state, "failed");
    assert.deepEqual(callee.problems, ["security_mismatch"]);
    assert.equal(callee.exchange.code, null);
});

test("a certificate other than the one described is noticed", async () => {
    const [caller, callee] = described();
    for (const { exchange } of [caller, callee]) exchange.selected();
    await converse(caller, callee);
    sealed(caller, callee, { callerSees: "cc" });
    await settle();
    assert.equal(caller.exchange.state, "failed");
    assert.deepEqual(caller.problems, ["security_fingerprint"]);
    assert.equal(callee.exchange.state, "ready");
});

test("a certificate that changes later takes the code away", async () => {
    const [caller, callee] = described();
    for (const { exchange } of [caller, callee]) exchange.selected();
    await converse(caller, callee);
    sealed(caller, callee);
    caller.exchange.remoteDescribed(1, sdp("bb"));
    await settle();
    assert.equal(caller.exchange.state, "ready", "the same again is nothing new");
    caller.exchange.remoteDescribed(1, sdp("cc"));
    await settle();
    assert.equal(caller.exchange.state, "failed");
    assert.equal(caller.exchange.code, null);
});

test("a number other than the promised one is no number", async () => {
    const [caller, callee] = described();
    for (const { exchange } of [caller, callee]) exchange.selected();
    await converse(caller, callee, (message) =>
        (message.step === "reveal" ? { ...message, value: "AAAAAAAAAAAAAAAAAAAAAA" } : message));
    assert.equal(callee.exchange.state, "failed");
});

test("only the first of each counts: a second number does not change the code", async () => {
    const [caller, callee] = described();
    for (const { exchange } of [caller, callee]) exchange.selected();
    await converse(caller, callee);
    sealed(caller, callee);
    await settle();
    const { code } = caller.exchange;
    caller.exchange.messageReceived({ step: "nonce", value: "AAAAAAAAAAAAAAAAAAAAAA", session: 1 });
    callee.exchange.messageReceived({ step: "commit", value: "AAAA", session: 1 });
    callee.exchange.messageReceived({ step: "reveal", value: "AAAAAAAAAAAAAAAAAAAAAA", session: 1 });
    await settle();
    assert.equal(caller.exchange.code, code);
    assert.deepEqual(callee.exchange.code, code);
});

test("a number before the promise, or a revelation before the number, breaks the order", async () => {
    const caller = end("caller");
    caller.exchange.switchedTo(1);
    caller.exchange.selected();
    caller.exchange.messageReceived({ step: "nonce", value: "AAAAAAAAAAAAAAAAAAAAAA", session: 1 });
    await settle();
    assert.equal(caller.exchange.state, "failed");
    const callee = end("callee");
    callee.exchange.switchedTo(1);
    callee.exchange.selected();
    callee.exchange.remoteDescribed(1, sdp("aa"));
    callee.exchange.messageReceived({ step: "reveal", value: "AAAAAAAAAAAAAAAAAAAAAA", session: 1 });
    await settle();
    assert.equal(callee.exchange.state, "failed");
});

test("a peer that takes no part: no code, and no alarm", async () => {
    const caller = end("caller");
    caller.exchange.switchedTo(1);
    caller.exchange.localDescribed(1, sdp("aa"));
    caller.exchange.remoteDescribed(1, "v=0\r\n");
    caller.exchange.selected();
    caller.exchange.secured(1, [bytes("bb")]);
    await settle();
    assert.equal(caller.exchange.state, "unavailable");
    assert.deepEqual(caller.problems, []);
});

test("a new session runs it again, with another code; what is late from the old one is dropped", async () => {
    const [caller, callee] = described();
    for (const { exchange } of [caller, callee]) exchange.selected();
    await converse(caller, callee);
    sealed(caller, callee);
    await settle();
    const { code } = caller.exchange;
    // It is the callee who offers: his page was loaded anew.
    callee.exchange.switchedTo(2);
    callee.exchange.localDescribed(2, sdp("dd"));
    caller.exchange.start(2);
    caller.exchange.remoteDescribed(2, sdp("dd"));
    caller.exchange.localDescribed(2, sdp("ee"));
    callee.exchange.remoteDescribed(2, sdp("ee"));
    const before = [caller.sent.length, callee.sent.length];
    assert.equal(caller.exchange.code, code, "until the media comes from there");
    await converse(caller, callee);
    caller.exchange.switchedTo(2);
    sealed(caller, callee, { callerSees: "dd", calleeSees: "ee", session: 2 });
    callee.exchange.messageReceived(caller.sent[0]);
    await settle();
    assert.deepEqual(steps(caller).slice(before[0]), ["commit", "reveal"]);
    assert.deepEqual(steps(callee).slice(before[1]), ["nonce"]);
    assert.equal(caller.exchange.state, "ready");
    assert.deepEqual(caller.exchange.code, callee.exchange.code);
    assert.notDeepEqual(caller.exchange.code, code);
    assert.notEqual(caller.sent.at(-1).value, caller.sent[1].value, "with fresh numbers");
});

test("a round that has not been started says nothing", async () => {
    const [caller] = described();
    caller.exchange.localDescribed(2, sdp("ee"));
    await settle();
    assert.ok(caller.sent.every(({ session }) => session === 1));
    caller.exchange.switchedTo(2);
    await settle();
    assert.equal(caller.sent.at(-1).session, 2);
});

test("a peer that names ever new sessions does not fill the memory, nor disturb the one in use", async () => {
    const [caller, callee] = described();
    for (const { exchange } of [caller, callee]) exchange.selected();
    for (let session = 2; session < 100; session += 1) {
        callee.exchange.messageReceived({ step: "commit", value: "AAAA", session });
    }
    await converse(caller, callee);
    sealed(caller, callee);
    await settle();
    assert.equal(callee.exchange.state, "ready");
});

test("the code is the one of the shared vectors: caller first, whoever offers", async () => {
    const [caller, callee] = described();
    for (const { exchange } of [caller, callee]) exchange.selected();
    await converse(caller, callee);
    sealed(caller, callee);
    await settle();
    const value = (from, step) => Uint8Array.from(
        Buffer.from(from.sent.find((message) => message.step === step).value, "base64url"));
    assert.deepEqual(caller.exchange.code, await securityCode({
        call: CALL,
        fingerprintA: bytes("aa"),
        fingerprintB: bytes("bb"),
        nonceA: value(caller, "reveal"),
        nonceB: value(callee, "nonce"),
    }));
});
