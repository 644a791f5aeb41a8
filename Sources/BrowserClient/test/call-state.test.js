import assert from "node:assert/strict";
import { test } from "node:test";
import { CallState } from "../sdk/call/call-state.js";

/** Puts the inputs in and notes the phases that follow. */
function phases(role, ...inputs) {
    const state = new CallState(role);
    return [state.phase, ...inputs.map(([input, ...values]) => (state[input](...values), state.phase))];
}

test("the caller's way", () => {
    assert.deepEqual(
        phases("caller", ["ringingReceived"], ["selectedReceived"], ["mediaConnected"], ["mediaLost"],
            ["mediaConnected"], ["endedReceived", "hangup"]),
        ["inviting", "ringing", "connecting", "active", "reconnecting", "active", "ended"],
    );
});

test("the callee's way", () => {
    assert.deepEqual(
        phases("callee", ["acceptRequested"], ["selectedReceived"], ["mediaConnected"]),
        ["ringing", "connecting", "connecting", "active"],
    );
});

test("a selection before any ringing is one too", () => {
    assert.deepEqual(phases("caller", ["selectedReceived"], ["ringingReceived"]),
        ["inviting", "connecting", "connecting"]);
});

test("ended is absorbing, and keeps its first reason", () => {
    const state = new CallState("callee");
    assert.equal(state.endedReceived("answered_elsewhere"), true);
    assert.equal(state.endedReceived("hangup"), false);
    assert.equal(state.acceptRequested(), false);
    assert.equal(state.selectedReceived(), false);
    assert.equal(state.mediaConnected(), false);
    assert.equal(state.hangUp("hangup"), null);
    assert.equal(state.reason, "answered_elsewhere");
});

for (const [role, inputs, message, reason] of [
    ["caller", [], { cancel: {} }, "cancelled"],
    ["caller", ["ringingReceived"], { cancel: {} }, "cancelled"],
    ["caller", ["selectedReceived"], { hangup: { reason: "hangup" } }, "hangup"],
    ["callee", [], { reject: {} }, "declined"],
    ["callee", ["acceptRequested"], { hangup: { reason: "hangup" } }, "hangup"],
]) {
    test(`hanging up as ${role} after [${inputs}] says ${Object.keys(message)[0]}`, () => {
        const state = new CallState(role);
        for (const input of inputs) state[input]();
        assert.deepEqual(state.hangUp("hangup"), message);
        assert.equal(state.reason, reason);
    });
}

test("only the callee picks up", () => {
    const state = new CallState("caller");
    state.ringingReceived();
    assert.equal(state.acceptRequested(), false);
});
