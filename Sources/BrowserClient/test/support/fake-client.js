import { beforeEach } from "node:test";
import { SwitchboardClient } from "../../sdk/client.js";
import { MemoryStorage } from "../../sdk/storage/memory-storage.js";
import { FakeMediaStream, FakePeerConnection } from "./fake-peer-connection.js";
import { FakeWebSocket } from "./fake-web-socket.js";
import { ManualClock, settle } from "./manual-clock.js";
import "./web-crypto.js";

/** Id of the call that the other side makes. */
export const CALL = "0b0e5e0c-0000-4000-8000-000000000001";

/** Of the test that runs. */
export const clock = new ManualClock();
export let storage;

beforeEach(() => {
    FakeWebSocket.made = [];
    clock.reset();
    storage = new MemoryStorage();
});

/** A client of device `d`; `events` is what its application hears. */
export function client(options = {}) {
    const made = new SwitchboardClient({
        url: "wss://node/v1/connect",
        getToken: () => "token",
        storage,
        identity: { device: "d", connection: 0, connectionUsed() {} },
        ...options,
        environment: {
            WebSocket: FakeWebSocket,
            now: () => clock.now,
            random: () => 0,
            setTimeout: clock.setTimeout,
            clearTimeout: clock.clearTimeout,
            createPeerConnection: (configuration) => new FakePeerConnection("p", configuration),
            openMedia: async (media) => FakeMediaStream.of(...["audio", "video"].filter((kind) => media[kind])),
            createMediaStream: (tracks) => new FakeMediaStream(tracks),
            codecs: () => undefined,
            encodesH264InHardware: async () => false,
            appliesAnswerAtPickup: false,
            ...options.environment,
        },
    });
    made.events = [];
    made.addEventListener("connection", ({ detail }) => made.events.push(detail.state));
    for (const type of ["incoming", "restored", "busy"]) {
        made.addEventListener(type, ({ detail }) => made.events.push(`${type} ${detail.call.peer}`));
    }
    made.addEventListener("elsewhere", ({ detail }) => made.events.push(`elsewhere ${detail.calls.length}`));
    return made;
}

/** The socket is open, and `hello` has come. */
export async function greeted(options) {
    const made = client(options);
    made.connecting = made.connect();
    await settle();
    FakeWebSocket.last.open();
    await settle();
    return made;
}

/** Welcomed, not synchronised yet. */
export async function welcomed(welcome = {}, options = {}) {
    const made = await greeted(options);
    FakeWebSocket.last.receive({ welcome: { node: "n1", user: "bob", ...welcome } });
    await settle();
    return made;
}

export async function connected(welcome, options) {
    const made = await welcomed(welcome, options);
    await synchronise(made);
    return made;
}

export async function synchronise(made, missing) {
    FakeWebSocket.last.receive({ syncComplete: missing ? { missing } : {} });
    await settle();
    await made.connecting;
}

/** A delivery of the call that the other side makes, or of another one. */
export function deliver(number, message, { conversation = CALL, ...rest } = {}) {
    FakeWebSocket.last.receive({ deliver: { conversation, number, message, ...rest } });
}

export const invite = { invite: { caller: "alice", media: { audio: true } } };
export const selected = { selected: { user: "bob", device: "d", callerDevice: "a" } };
export const offer = (session = 1) =>
    ({ description: { type: "offer", sdp: `offer ${session}: audio`, session, revision: 1 } });

/** What was sent of one conversation, as kinds of messages. */
export const kindsSent = (conversation) => FakeWebSocket.last.sent
    .filter(({ send }) => send?.conversation === conversation)
    .map(({ send }) => Object.keys(send.message)[0]);

export const lastSent = (conversation) => FakeWebSocket.last.sent
    .filter(({ send }) => send?.conversation === conversation).at(-1)?.send.message;
