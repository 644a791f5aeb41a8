import assert from "node:assert/strict";
import { test } from "node:test";
import { IceServers } from "../sdk/client/ice-servers.js";
import { NetworkWatch } from "../sdk/client/network-watch.js";
import { PushEndpoints, notificationTag } from "../sdk/push/push-endpoints.js";
import { MemoryStorage } from "../sdk/storage/memory-storage.js";
import {
    CALL, client, clock, connected, deliver, invite, kindsSent, lastSent, synchronise, welcomed,
} from "./support/fake-client.js";
import { FakeWebSocket } from "./support/fake-web-socket.js";
import { settle } from "./support/manual-clock.js";

const OTHER = "0b0e5e0c-0000-4000-8000-000000000002";
const from = (caller) => ({ invite: { caller, media: { audio: true } } });

// ------------------------------------------------------------------------------------------- busy

test("with busyWhenInCall another's call is told busy, and does not ring", async () => {
    const made = await connected({}, { busyWhenInCall: true });
    made.call("carol");
    deliver(1, invite);
    await settle();
    assert.deepEqual(kindsSent(CALL), ["busy"]);
    assert.equal(made.events.at(-1), "busy alice");
    assert.ok(!made.events.includes("incoming alice"));
});

test("without, it rings", async () => {
    const made = await connected();
    made.call("carol");
    deliver(1, invite);
    assert.ok(made.events.includes("incoming alice"));
});

test("a call that has ended makes nobody busy", async () => {
    const made = await connected({}, { busyWhenInCall: true });
    made.call("carol").hangup();
    deliver(1, invite);
    assert.ok(made.events.includes("incoming alice"));
});

test("the peer of the present call is never told busy: his new call replaces it", async () => {
    const made = await connected({}, { busyWhenInCall: true });
    deliver(1, from("alice"));
    const [call] = made.calls;
    call.accept();
    deliver(2, { selected: {} });
    deliver(1, from("alice"), { conversation: OTHER });
    assert.equal(made.events.filter((event) => event === "incoming alice").length, 2);
});

// ------------------------------------------------------------------------------------------- pushes

const payload = { type: "invite", conversation: CALL, caller: "alice" };

test("a push before the connection: hello names the call, which is then here or over", async () => {
    for (const rings of [true, false]) {
        FakeWebSocket.made = [];
        const made = client({ storage: new MemoryStorage() });
        const pushed = made.pushed(payload);
        made.connecting = made.connect();
        await settle();
        FakeWebSocket.last.open();
        await settle();
        assert.deepEqual(FakeWebSocket.last.sent[0].hello.conversations, [{ conversation: CALL, received: 0 }]);
        FakeWebSocket.last.receive({ welcome: {} });
        if (rings) deliver(1, invite);
        else FakeWebSocket.last.receive({ error: { name: "not_found", permanent: true, conversation: CALL } });
        await synchronise(made);
        assert.equal(await pushed, rings ? made.calls[0] : null);
    }
});

test("a push with a connection: the invite is here, or comes soon, or the call is over", async () => {
    const made = await connected();
    deliver(1, invite);
    assert.equal(await made.pushed(payload), made.calls[0]);
    made.calls[0].hangup();
    assert.equal(await made.pushed(payload), null);
    const later = made.pushed({ ...payload, conversation: OTHER });
    deliver(1, from("carol"), { conversation: OTHER });
    assert.equal((await later).peer, "carol");
    const never = made.pushed({ ...payload, conversation: "0b0e5e0c-0000-4000-8000-000000000003" });
    await clock.advance(5_000);
    assert.equal(await never, null);
});

test("a push that takes a call back asks for nothing", async () => {
    assert.equal(await client().pushed({ ...payload, type: "cancel" }), null);
});

test("invite and cancel have one tag", () => {
    assert.equal(notificationTag(CALL.toUpperCase()), "0b0e5e0c000040008000000000000001");
});

// ------------------------------------------------------------------------------------------- push registration

/** The server's HTTP side: answers by method and path. */
function pushServer(answers) {
    const requests = [];
    const fetch = async (url, { method, headers, body }) => {
        requests.push({ url, method, headers, body: body && JSON.parse(body) });
        const [status, answer] = answers[`${method} ${new URL(url).pathname}`] ?? [404, { error: "not_found" }];
        return { ok: status < 400, status, text: async () => (answer === undefined ? "" : JSON.stringify(answer)) };
    };
    return { requests, endpoints: new PushEndpoints({ url: "https://calls", getToken: async () => "t", fetch }) };
}

function registration({ existing = null } = {}) {
    const made = { subscribed: [], unsubscribed: 0 };
    const subscription = {
        endpoint: "https://push/1",
        toJSON: () => ({ endpoint: "https://push/1", keys: { p256dh: "p", auth: "a" } }),
        unsubscribe: async () => (made.unsubscribed += 1),
        ...existing,
    };
    made.pushManager = {
        subscribe: async (options) => (made.subscribed.push(options), subscription),
        getSubscription: async () => existing && subscription,
    };
    return made;
}

test("subscribing: the server's key to the browser, the browser's endpoint to the server", async () => {
    const { requests, endpoints } = pushServer({
        "GET /v1/push/config": [200, { webPush: { publicKey: "AQID" } }],
        "PUT /v1/push/endpoints": [200, { id: "e1", provider: "web_push", target: "https://push/1" }],
    });
    const worker = registration();
    assert.equal((await endpoints.subscribe(worker)).id, "e1");
    assert.deepEqual([...worker.subscribed[0].applicationServerKey], [1, 2, 3]);
    assert.equal(worker.subscribed[0].userVisibleOnly, true);
    assert.deepEqual(requests[1].body,
        { provider: "web_push", target: "https://push/1", parameters: { p256dh: "p", auth: "a" } });
    assert.equal(requests[1].headers.Authorization, "Bearer t");
});

test("no Web Push at this server: nothing is asked of the user", async () => {
    const { endpoints } = pushServer({ "GET /v1/push/config": [200, {}] });
    const worker = registration();
    assert.equal(await endpoints.subscribe(worker), null);
    assert.deepEqual(worker.subscribed, []);
});

test("a subscription for another key of the server makes way", async () => {
    const { endpoints } = pushServer({
        "GET /v1/push/config": [200, { webPush: { publicKey: "AQID" } }],
        "PUT /v1/push/endpoints": [200, {}],
    });
    for (const [key, expected] of [[[9, 9, 9], 1], [[1, 2, 3], 0]]) {
        const worker = registration({ existing: { options: { applicationServerKey: Uint8Array.from(key).buffer } } });
        await endpoints.subscribe(worker);
        assert.equal(worker.unsubscribed, expected);
    }
});

test("unsubscribing removes it here and there", async () => {
    const { requests, endpoints } = pushServer({
        "GET /v1/push/endpoints": [200, { endpoints: [{ id: "e0", target: "other" }, { id: "e1", target: "https://push/1" }] }],
        "DELETE /v1/push/endpoints/e1": [204],
    });
    const worker = registration({ existing: {} });
    await endpoints.unsubscribe(worker);
    assert.deepEqual(requests.map(({ method }) => method), ["GET", "DELETE"]);
    assert.equal(worker.unsubscribed, 1);
});

test("a refusal of the server is an error of that name", async () => {
    const { endpoints } = pushServer({ "GET /v1/push/endpoints": [401, { error: "bad_token", message: "no" }] });
    await assert.rejects(endpoints.list(), { name: "bad_token", message: "no" });
});

// ------------------------------------------------------------------------------------------- ICE servers

test("fresh ICE servers: asked for once by all who wait, and not if they have just come", async () => {
    let asked = 0;
    const servers = new IceServers({ environment: clockEnvironment(), request: () => (asked += 1), changed() {} });
    servers.received([{ urls: ["stun:s"] }]);
    await servers.fresh();
    assert.equal(asked, 0);
    await clock.advance(5_000);
    const waiting = [servers.fresh(), servers.fresh()];
    assert.equal(asked, 1);
    servers.received([{ urls: ["turn:t"], username: "u", credential: "c" }]);
    await Promise.all(waiting);
    assert.deepEqual(servers.list, [{ urls: ["turn:t"], username: "u", credential: "c" }]);
});

test("without an answer one goes on with what there is", async () => {
    const servers = new IceServers({ environment: clockEnvironment(), request() {}, changed() {} });
    let settled = false;
    servers.fresh().then(() => (settled = true));
    await clock.advance(1_999);
    assert.equal(settled, false);
    await clock.advance(1);
    assert.equal(settled, true);
});

test("the server's frames reach the peer connections, and an ICE restart asks for new ones first", async () => {
    const made = await connected({ iceServers: [{ urls: ["stun:s"] }] });
    const call = made.call("alice", { video: false });
    await settle();
    FakeWebSocket.last.receive({ iceServers: { iceServers: [{ urls: ["turn:t"], username: "u", credential: "c" }] } });
    assert.equal(call.peerConnection.getConfiguration().iceServers[0].username, "u");
    await clock.advance(6_000);
    call.restartIce();
    await settle();
    assert.deepEqual(FakeWebSocket.last.sent.at(-1), { iceServers: {} });
});

function clockEnvironment() {
    return { now: () => clock.now, setTimeout: clock.setTimeout, clearTimeout: clock.clearTimeout };
}

// ------------------------------------------------------------------------------------------- the network

function surroundings() {
    const target = () => new EventTarget();
    return {
        window: target(),
        document: Object.assign(target(), { visibilityState: "visible" }),
        navigator: { connection: Object.assign(target(), { type: "wifi" }) },
    };
}

test("the network comes back, or is another one: the socket is doubted at once, the media when it has settled", async () => {
    const happened = [];
    const around = surroundings();
    const watch = new NetworkWatch({
        environment: clockEnvironment(),
        surroundings: around,
        hooks: { doubtful: () => happened.push("doubtful"), networkChanged: () => happened.push("changed") },
    });
    watch.start();
    around.window.dispatchEvent(new Event("online"));
    assert.deepEqual(happened, ["doubtful"]);
    around.navigator.connection.type = "cellular";
    around.navigator.connection.dispatchEvent(new Event("change"));
    await clock.advance(1_000);
    assert.deepEqual(happened, ["doubtful", "doubtful", "changed"], "one burst, one change");
    around.navigator.connection.dispatchEvent(new Event("change"));
    await clock.advance(1_000);
    assert.equal(happened.length, 3, "another estimate is no other network");
    around.document.dispatchEvent(new Event("visibilitychange"));
    assert.equal(happened.length, 4);
    watch.stop();
    around.window.dispatchEvent(new Event("online"));
    await clock.advance(1_000);
    assert.equal(happened.length, 4);
});

// ------------------------------------------------------------------------------------------- tokens

const token = (seconds) => `h.${btoa(JSON.stringify({ exp: Date.now() / 1_000 + seconds }))}.s`;

test("a token that cannot be renewed is asked for again while the old one is good", async () => {
    const answers = [token(120), new Error("offline"), token(7_200)];
    const made = client({
        getToken: async () => {
            const answer = answers.shift();
            if (answer instanceof Error) throw answer;
            return answer;
        },
    });
    const problems = [];
    made.addEventListener("problem", ({ detail }) => problems.push(detail.name));
    made.connecting = made.connect();
    await settle();
    FakeWebSocket.last.open();
    await settle();
    // (Nobody answers pings here.)
    FakeWebSocket.last.receive({ welcome: { pingIntervalMs: 1e6 } });
    await synchronise(made);
    await clock.advance(61_000);
    assert.deepEqual(problems, ["token_failed"]);
    await clock.advance(40_000);
    assert.ok(FakeWebSocket.last.sent.some(({ refresh }) => refresh));
    assert.deepEqual(answers, []);
});

test("a token that cannot be had for a connection is a problem of that name", async () => {
    const made = client({ getToken: () => Promise.reject(new Error("signed out")) });
    const problems = [];
    made.addEventListener("problem", ({ detail }) => problems.push([detail.name, detail.message]));
    made.connect();
    await settle();
    FakeWebSocket.last.open();
    await settle();
    assert.deepEqual(problems, [["token_failed", "signed out"]]);
    await welcomed();
    assert.equal(lastSent(CALL), undefined);
});
