import assert from "node:assert/strict";
import { test } from "node:test";
import { Phase } from "../sdk/session/actions.js";
import { defaultSettings, SessionMachine } from "../sdk/session/session-machine.js";

const CALL = "0b0e5e0c-0000-4000-8000-000000000001";
const OTHER = "0b0e5e0c-0000-4000-8000-000000000002";

function machine(options = {}) {
    return new SessionMachine({ device: "d1", outbox: "o1", ...options });
}

/** A machine that is synchronised. */
function ready(options) {
    const session = machine(options);
    session.startRequested();
    session.socketOpened("token");
    session.frameReceived({ welcome: { node: "n1", pingIntervalMs: 25_000 } });
    session.frameReceived({ syncComplete: {} });
    return session;
}

function reconnected(session) {
    session.timerFired("reconnect");
    session.socketOpened("token");
    return session.frameReceived({ welcome: { node: "n2" } });
}

/** Sends and stores at once. */
function send(session, message, conversation = CALL) {
    const { number } = session.sendRequested(conversation, message);
    return session.sendStored(conversation, number);
}

const frames = (actions) => actions.filter(({ type }) => type === "transmit").map(({ frame }) => frame);
const numbers = (actions) => frames(actions).filter((frame) => frame.send).map((frame) => frame.send.number);
const named = (actions, type) => actions.filter((action) => action.type === type);
const timer = (actions, name) => actions.find((action) => action.type === "setTimer" && action.timer === name);
const deliver = (number, message = { info: {} }, conversation = CALL) =>
    ({ deliver: { conversation, number, user: "bob", message } });
const notFound = (number) => ({ error: { name: "not_found", permanent: true, conversation: CALL, number } });

test("it greets with token, device, rising connection number and outbox", () => {
    const session = machine({ connection: 6 });
    assert.deepEqual(named(session.startRequested(), "openSocket"), [{ type: "openSocket", connection: 7 }]);
    const [hello] = frames(session.socketOpened("jwt"));
    assert.deepEqual(hello, { hello: { token: "jwt", device: "d1", connection: 7, outbox: "o1" } });
    assert.equal(session.phase, Phase.greeting);
});

test("the phases follow the server: greeting, synchronising, ready", () => {
    const session = machine();
    session.startRequested();
    session.socketOpened("jwt");
    session.frameReceived({ welcome: { node: "n1" } });
    assert.equal(session.phase, Phase.synchronising);
    const actions = session.frameReceived({ syncComplete: { missing: [OTHER] } });
    assert.equal(session.phase, Phase.ready);
    assert.deepEqual(named(actions, "synchronised"), [{ type: "synchronised", missing: [OTHER] }]);
});

test("a message leaves when it is stored, not before", () => {
    const session = ready();
    const { number, actions } = session.sendRequested(CALL, { invite: { callee: "bob" } }, { requestedAt: 12 });
    assert.equal(number, 1);
    assert.deepEqual(actions.map(({ type }) => type), ["store", "setTimer"]);
    assert.equal(timer(actions, "impatience").ms, defaultSettings.impatienceMs);
    const [transmit] = session.sendStored(CALL, 1);
    assert.deepEqual(transmit.frame, {
        send: { conversation: CALL, number: 1, message: { invite: { callee: "bob" } } },
    });
    assert.equal(transmit.requestedAt, 12);
});

test("an urgent message leaves at once", () => {
    const session = ready();
    const { actions } = session.sendRequested(CALL, { hangup: {} }, { urgent: true });
    assert.deepEqual(actions.map(({ type }) => type), ["store", "transmit", "setTimer"]);
});

test("numbers are dense from 1 in each conversation, and pipelined", () => {
    const session = ready();
    assert.deepEqual(numbers(send(session, { invite: {} })), [1]);
    assert.deepEqual(numbers(send(session, { description: {} })), [2]);
    assert.deepEqual(numbers(send(session, { invite: {} }, OTHER)), [1]);
});

test("a message that is stored late holds back those after it", () => {
    const session = ready();
    session.sendRequested(CALL, { invite: {} });
    session.sendRequested(CALL, { description: {} });
    assert.deepEqual(session.sendStored(CALL, 2), []);
    assert.deepEqual(numbers(session.sendStored(CALL, 1)), [1, 2]);
});

test("accepted is cumulative, and empties the storage", () => {
    const session = ready();
    for (const message of [{ invite: {} }, { description: {} }, { candidates: {} }]) send(session, message);
    const actions = session.frameReceived({ accepted: { conversation: CALL, number: 2 } });
    assert.deepEqual(named(actions, "accepted")[0].messages, [{ invite: {} }, { description: {} }]);
    assert.deepEqual(named(actions, "removeStored"), [{ type: "removeStored", conversation: CALL, through: 2 }]);
    assert.deepEqual(named(session.frameReceived({ accepted: { conversation: CALL, number: 2 } }), "accepted"), []);
});

test("all that is not accepted goes out again at once on welcome, in order", () => {
    const session = ready();
    for (const message of [{ invite: {} }, { description: {} }, { candidates: {} }]) send(session, message);
    session.frameReceived({ accepted: { conversation: CALL, number: 1 } });
    session.socketClosed(1006);
    assert.deepEqual(numbers(reconnected(session)), [2, 3]);
});

test("what welcome tells as accepted is not sent again", () => {
    const session = ready();
    for (const message of [{ invite: {} }, { description: {} }]) send(session, message);
    session.socketClosed(1006);
    session.timerFired("reconnect");
    session.socketOpened("token");
    const actions = session.frameReceived({ welcome: { conversations: [{ conversation: CALL, number: 1 }] } });
    assert.deepEqual(numbers(actions), [2]);
});

test("messages made without a connection wait for the next one", () => {
    const session = ready();
    session.socketClosed(1006);
    assert.deepEqual(send(session, { invite: {} }), []);
    assert.deepEqual(send(session, { cancel: {} }), []);
    assert.deepEqual(numbers(reconnected(session)), [1, 2]);
});

test("no more than the server's limit is unaccepted at once", () => {
    const session = machine();
    session.startRequested();
    session.socketOpened("token");
    session.frameReceived({ welcome: { limits: { maxOutboxMessages: 2 } } });
    for (let count = 0; count < 3; count += 1) send(session, { info: {} });
    const actions = session.frameReceived({ accepted: { conversation: CALL, number: 1 } });
    assert.deepEqual(numbers(actions), [3]);
});

test("too many waiting messages, and too large ones, are refused to the application", () => {
    const session = ready({ settings: { maxWaitingMessages: 1 } });
    send(session, { invite: {} });
    assert.throws(() => session.sendRequested(CALL, { info: {} }), { name: "OutboxFullError" });
    const large = { info: { body: "x".repeat(70_000) } };
    assert.throws(() => session.sendRequested(OTHER, large), { name: "MessageTooLargeError" });
});

test("a temporary refusal pauses one conversation and resends from its number", () => {
    const session = ready();
    for (const message of [{ invite: {} }, { description: {} }]) send(session, message);
    const refused = session.frameReceived({
        error: { name: "coordinator_unavailable", conversation: CALL, number: 1, retryAfterMs: 300 },
    });
    assert.equal(timer(refused, `retry:${CALL}`).ms, 300);
    const gap = session.frameReceived({ error: { name: "gap", conversation: CALL, number: 1 } });
    assert.equal(timer(gap, `retry:${CALL}`), undefined, "one pause covers both");
    assert.deepEqual(send(session, { candidates: {} }), [], "what comes meanwhile waits");
    assert.deepEqual(numbers(send(session, { invite: {} }, OTHER)), [1], "others go on");
    assert.deepEqual(numbers(session.timerFired(`retry:${CALL}`)), [1, 2, 3]);
});

test("repeated temporary refusals wait longer, with jitter, until there is progress", () => {
    const session = ready();
    send(session, { invite: {} });
    const delays = [];
    for (let attempt = 0; attempt < 3; attempt += 1) {
        const actions = session.frameReceived({ error: { name: "overloaded", conversation: CALL, number: 1 } });
        const { ms, jitter } = timer(actions, `retry:${CALL}`);
        assert.ok(jitter);
        delays.push(ms);
        session.timerFired(`retry:${CALL}`);
    }
    assert.deepEqual(delays, [100, 200, 400]);
    session.frameReceived({ accepted: { conversation: CALL, number: 1 } });
    send(session, { description: {} });
    const again = session.frameReceived({ error: { name: "overloaded", conversation: CALL, number: 2 } });
    assert.equal(timer(again, `retry:${CALL}`).ms, 100);
});

test("a permanent refusal is told, and its number stays until it is accepted", () => {
    const session = ready();
    send(session, { invite: { callee: "bob" } });
    const actions = session.frameReceived({
        error: { name: "invalid_identifier", message: "no", permanent: true, conversation: CALL, number: 1 },
    });
    assert.deepEqual(named(actions, "refused"), [{
        type: "refused", conversation: CALL, number: 1, name: "invalid_identifier", advice: "no",
        message: { invite: { callee: "bob" } },
    }]);
    session.socketClosed(1006);
    assert.deepEqual(numbers(reconnected(session)), [1]);
});

test("number_reused is never acknowledged: the message is dropped", () => {
    const session = ready();
    send(session, { invite: {} });
    const actions = session.frameReceived({
        error: { name: "number_reused", permanent: true, conversation: CALL, number: 1 },
    });
    assert.deepEqual(named(actions, "removeStored").length, 1);
    session.socketClosed(1006);
    assert.deepEqual(numbers(reconnected(session)), []);
});

test("not_found drops the conversation's outbox", () => {
    const session = ready();
    send(session, { hangup: {} });
    const actions = session.frameReceived(notFound(1));
    assert.deepEqual(actions.map(({ type }) => type).slice(0, 3), ["conversationUnknown", "clearTimer", "forget"]);
    session.socketClosed(1006);
    assert.deepEqual(numbers(reconnected(session)), []);
});

test("not_found for what follows an invite that is not committed yet only waits", () => {
    const session = ready();
    for (const message of [{ invite: {} }, { description: {} }]) send(session, message);
    for (const number of [2, 0]) {
        const actions = session.frameReceived(notFound(number));
        assert.deepEqual(named(actions, "conversationUnknown"), []);
        assert.deepEqual(numbers(session.timerFired(`retry:${CALL}`)), [1, 2]);
    }
});

test("deliveries reach the application once and in order; repeats are acknowledged again", () => {
    const session = ready();
    const first = session.frameReceived(deliver(1));
    assert.equal(named(first, "deliver").length, 1);
    assert.equal(timer(first, "ack").ms, defaultSettings.ackDelayMs);
    session.timerFired("ack");
    const repeated = session.frameReceived(deliver(1));
    assert.equal(named(repeated, "deliver").length, 0);
    assert.equal(timer(repeated, "ack").ms, defaultSettings.ackDelayMs);
    assert.equal(timer(session.frameReceived(deliver(2)), "ack"), undefined, "one wait for all");
    const actions = session.timerFired("ack");
    assert.deepEqual(frames(actions), [{ ack: { conversation: CALL, received: 2 } }]);
    assert.equal(named(actions, "storeCursor")[0].received, 2);
});

test("sixteen deliveries are acknowledged without waiting", () => {
    const session = ready();
    let acknowledgements = [];
    for (let number = 1; number <= 16; number += 1) {
        acknowledgements = frames(session.frameReceived(deliver(number)));
    }
    assert.deepEqual(acknowledgements, [{ ack: { conversation: CALL, received: 16 } }]);
    assert.deepEqual(frames(session.timerFired("ack")), []);
});

test("a missing delivery means a broken connection: another one resumes at the cursor", () => {
    const session = ready();
    session.frameReceived(deliver(1));
    const actions = session.frameReceived(deliver(3));
    assert.equal(named(actions, "deliver").length, 0);
    assert.equal(named(actions, "closeSocket")[0].reason, "delivery_gap");
    assert.equal(session.phase, Phase.waiting);
    session.timerFired("reconnect");
    const [{ hello }] = frames(session.socketOpened("token"));
    assert.deepEqual(hello.conversations, [{ conversation: CALL, received: 1 }]);
});

test("hello names what the server knows; not an invite that may never have arrived", () => {
    const session = ready();
    send(session, { invite: {} });
    session.frameReceived(deliver(1, { invite: {} }, OTHER));
    session.socketClosed(1006);
    session.timerFired("reconnect");
    const [{ hello }] = frames(session.socketOpened("token"));
    assert.deepEqual(hello.conversations, [{ conversation: OTHER, received: 1 }]);
});

test("a snapshot stands for the deliveries before it", () => {
    const session = ready();
    const actions = session.frameReceived({ snapshot: { conversation: CALL, state: "ringing", nextNumber: 8 } });
    assert.equal(named(actions, "snapshot")[0].snapshot.state, "ringing");
    assert.equal(named(session.frameReceived(deliver(7)), "deliver").length, 0);
    assert.equal(named(session.frameReceived(deliver(8)), "deliver").length, 1);
});

test("an ended conversation is forgotten when its last message is accepted, late deliveries are recognised", () => {
    const session = ready();
    session.frameReceived(deliver(1));
    send(session, { hangup: {} });
    assert.deepEqual(session.conversationEnded(CALL), []);
    const actions = session.frameReceived({ accepted: { conversation: CALL, number: 1 } });
    assert.deepEqual(named(actions, "forget"), [{ type: "forget", conversation: CALL }]);
    assert.equal(named(session.frameReceived(deliver(1)), "deliver").length, 0);
    assert.equal(named(session.frameReceived(deliver(2)), "deliver").length, 1);
});

test("ended conversations are remembered within a bound", () => {
    const session = ready({ settings: { endedKept: 1 } });
    for (const conversation of [CALL, OTHER]) {
        session.frameReceived(deliver(1, { ended: {} }, conversation));
        session.conversationEnded(conversation);
    }
    const handed = (conversation) => named(session.frameReceived(deliver(1, { ended: {} }, conversation)), "deliver");
    assert.equal(handed(OTHER).length, 0);
    assert.equal(handed(CALL).length, 1, "the older one went");
});

test("a stored outbox is resent under its numbers, and forgotten if the call is over", () => {
    const sends = [
        { number: 4, message: { hangup: {} }, requestedAt: 0 },
        { number: 3, message: { info: {} }, requestedAt: 0 },
    ];
    const session = machine({ conversations: [{ id: CALL, nextNumber: 5, sends }] });
    assert.deepEqual(session.restoredOutboxes(), [{ id: CALL, messages: [{ info: {} }, { hangup: {} }] }]);
    session.startRequested();
    assert.equal(frames(session.socketOpened("token"))[0].hello.conversations, undefined, "no cursor, no name");
    assert.deepEqual(numbers(session.frameReceived({ welcome: {} })), [3, 4]);
    assert.deepEqual(named(session.frameReceived({ accepted: { conversation: CALL, number: 4 } }), "forget"), []);
    assert.deepEqual(named(session.frameReceived({ syncComplete: {} }), "forget").length, 1);
});

test("a stored conversation that still lives is kept", () => {
    const session = machine({ conversations: [{ id: CALL, nextNumber: 5, sends: [] }] });
    session.startRequested();
    session.socketOpened("token");
    session.frameReceived({ welcome: {} });
    session.frameReceived({ snapshot: { conversation: CALL, state: "active", nextNumber: 3 } });
    assert.deepEqual(named(session.frameReceived({ syncComplete: {} }), "forget"), []);
    assert.equal(session.sendRequested(CALL, { hangup: {} }).number, 5, "numbers go on");
});

test("silence is met with a ping, a ping without answer with another connection", () => {
    const session = ready();
    assert.deepEqual(frames(session.timerFired("idle")), [{ ping: {} }]);
    const answered = session.frameReceived({ pong: {} });
    assert.ok(answered.some(({ type, timer: name }) => type === "clearTimer" && name === "pong"));
    const actions = session.timerFired("pong");
    assert.equal(named(actions, "closeSocket")[0].reason, "ping_timeout");
    assert.equal(timer(actions, "reconnect").ms, 0, "the first attempt comes at once");
});

test("a change of surroundings is met with a ping, or ends the wait", () => {
    const session = ready();
    const actions = session.surroundingsChanged();
    assert.deepEqual(frames(actions), [{ ping: {} }]);
    assert.equal(timer(actions, "pong").ms, 5_000);
    session.socketClosed(1006);
    assert.equal(named(session.surroundingsChanged(), "openSocket").length, 1);
});

test("backoff: at once, then doubling with full jitter, up to the maximum; a stable connection clears it", () => {
    const session = ready();
    const delays = [];
    for (let attempt = 0; attempt < 9; attempt += 1) {
        const actions = session.socketClosed(1006);
        delays.push(timer(actions, "reconnect").ms);
        assert.ok(timer(actions, "reconnect").jitter);
        session.timerFired("reconnect");
    }
    assert.deepEqual(delays, [0, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    session.socketOpened("token");
    session.frameReceived({ welcome: {} });
    session.frameReceived({ syncComplete: {} });
    session.timerFired("stable");
    assert.equal(timer(session.socketClosed(1006), "reconnect").ms, 0);
});

test("a greeting without an answer is given up", () => {
    const session = machine();
    assert.equal(timer(session.startRequested(), "greeting").ms, 10_000);
    session.socketOpened("token");
    assert.equal(named(session.timerFired("greeting"), "closeSocket").length, 1);
    assert.equal(session.phase, Phase.waiting);
});

test("go_away: the connection serves until the time that the server named", () => {
    const session = ready();
    assert.equal(timer(session.frameReceived({ goAway: { reconnectAfterMs: 700 } }), "reconnect").ms, 700);
    assert.deepEqual(numbers(send(session, { invite: {} })), [1]);
    const actions = session.timerFired("reconnect");
    assert.deepEqual(actions.filter(({ type }) => type.endsWith("Socket")).map(({ type }) => type),
        ["closeSocket", "openSocket"]);
    session.socketOpened("token");
    assert.deepEqual(numbers(session.frameReceived({ welcome: {} })), [1]);
});

test("go_away: if the server closes before, the time still counts, and nothing shortens it", () => {
    const session = ready();
    session.frameReceived({ goAway: { reconnectAfterMs: 700 } });
    assert.equal(timer(session.socketClosed(1012), "reconnect"), undefined, "the timer runs already");
    assert.deepEqual(session.surroundingsChanged(), []);
    assert.equal(named(session.timerFired("reconnect"), "openSocket").length, 1);
});

test("an error with retry_after_ms overrides the backoff", () => {
    const session = machine();
    session.startRequested();
    session.socketOpened("token");
    session.frameReceived({ error: { name: "too_many_connections", retryAfterMs: 4_000 } });
    const reconnect = timer(session.socketClosed(1013), "reconnect");
    assert.equal(reconnect.ms, 4_000);
    assert.ok(!reconnect.jitter);
});

for (const code of [1001, 1006, 1011, 1012, 1013, 4000, 4001, 4003, 4499]) {
    test(`close code ${code} invites to reconnect`, () => {
        const session = ready();
        session.socketClosed(code);
        assert.equal(session.phase, Phase.waiting);
    });
}

for (const [code, reason] of [
    [1008, "policy_violation"], [1009, "message_too_large"], [4500, "bad_token"], [4502, "replaced"],
    [4777, "closed_4777"],
]) {
    test(`close code ${code} stops, with reason ${reason}`, () => {
        const session = ready();
        const actions = session.socketClosed(code);
        assert.equal(session.phase, Phase.stopped);
        assert.equal(named(actions, "phaseChanged")[0].reason, reason);
        assert.equal(timer(actions, "reconnect"), undefined);
    });
}

test("the error before the close says why it stopped", () => {
    const session = machine();
    session.startRequested();
    session.socketOpened("token");
    session.frameReceived({ error: { name: "demo_refused", message: "configure authentication" } });
    assert.equal(named(session.socketClosed(4504), "phaseChanged")[0].reason, "demo_refused");
});

test("superseded: another life of the device took over, this one stops", () => {
    const session = ready();
    send(session, { invite: {} });
    const actions = session.frameReceived({
        error: { name: "superseded", permanent: true, conversation: CALL, number: 1 },
    });
    assert.equal(session.phase, Phase.stopped);
    assert.equal(named(actions, "closeSocket").length, 1);
});

test("a stopped machine starts again, and its outbox goes with it", () => {
    const session = ready();
    send(session, { invite: {} });
    session.stopRequested();
    assert.equal(session.phase, Phase.stopped);
    assert.equal(named(session.startRequested(), "openSocket").length, 1);
    session.socketOpened("token");
    assert.deepEqual(numbers(session.frameReceived({ welcome: {} })), [1]);
});

test("what is late or unknown changes nothing", () => {
    const session = machine();
    assert.deepEqual(session.socketOpened("token"), []);
    assert.deepEqual(session.frameReceived(deliver(1)), []);
    assert.deepEqual(session.socketClosed(1006), []);
    assert.deepEqual(session.timerFired("reconnect"), []);
    session.startRequested();
    session.socketOpened("token");
    assert.deepEqual(session.frameReceived(deliver(1)), [], "nothing counts before welcome");
    session.frameReceived({ welcome: {} });
    assert.deepEqual(frames(session.frameReceived({ somethingNew: {} })), []);
    assert.deepEqual(session.frameReceived({ accepted: { conversation: OTHER, number: 9 } }).filter(
        ({ type }) => type === "accepted"), []);
});
