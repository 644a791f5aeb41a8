import { beforeEach } from "node:test";
import { CallInputs } from "../../sdk/call/call-inputs.js";
import { SendingPolicy } from "../../sdk/media/sending-policy.js";
import { FakeMediaStream, FakePeerConnection } from "./fake-peer-connection.js";
import { ManualClock, settle } from "./manual-clock.js";
import "./web-crypto.js";

/** Of the test that runs. */
export const clock = new ManualClock();

beforeEach(() => clock.reset());

/**
 * One side of a call. `sent` is what it gave to its outbox, `stored` what it keeps for a reload.
 * @param {"caller" | "callee"} role
 * @param {object} [options]
 */
export function side(role, options = {}) {
    const { appliesAnswerAtPickup = false, openMedia, media = { audio: true, video: true }, fingerprint } = options;
    const one = {
        sent: [], stored: [], connections: [], ended: 0, problems: [], opened: [], states: [], events: [],
        iceServers: options.iceServers ?? [{ urls: ["stun:s"] }], iceServersAsked: 0, calledAgain: 0,
    };
    const environment = {
        now: () => clock.now,
        setTimeout: clock.setTimeout,
        clearTimeout: clock.clearTimeout,
        createPeerConnection: (configuration) => {
            const connection = new FakePeerConnection(`${role}${one.connections.length + 1}`, configuration);
            connection.fingerprint = fingerprint;
            one.connections.push(connection);
            return connection;
        },
        openScreen: async () => (one.screen = FakeMediaStream.of("video")),
        createMediaStream: (tracks) => new FakeMediaStream(tracks),
        appliesAnswerAtPickup,
    };
    const link = {
        send: (message) => one.sent.push(message),
        configuration: () => ({ iceServers: one.iceServers }),
        freshIceServers: async () => void (one.iceServersAsked += 1),
        openMedia: async (wanted) => {
            one.opened.push(wanted);
            if (openMedia) return openMedia(wanted);
            return (one.stream = FakeMediaStream.of(...["audio", "video"].filter((kind) => wanted[kind])));
        },
        sendingPolicy: () => new SendingPolicy({ codecs: () => undefined, videoCodec: () => "VP8" }),
        store: (record) => one.stored.push(structuredClone(record)),
        callAgain: () => (one.calledAgain += 1),
        phaseChanged: () => {},
        ended: () => (one.ended += 1),
    };
    const id = options.id ?? "c1";
    const peer = role === "caller" ? "bob" : "alice";
    const quality = options.quality;
    one.inputs = options.record
        ? CallInputs.restore(options.record, { environment, link, quality })
        : new CallInputs({ id, role, peer, media, environment, link, quality, state: options.state });
    one.call = one.inputs.call;
    one.call.addEventListener("problem", ({ detail }) => one.problems.push(detail));
    one.call.addEventListener("state", ({ detail }) => one.states.push(detail.state));
    for (const type of ["glare", "handover", "security", "peer", "screen", "videopause", "statistics"]) {
        one.call.addEventListener(type, ({ detail }) => one.events.push([type, detail]));
    }
    return one;
}

export const kinds = ({ sent }) => sent.map((message) => Object.keys(message)[0]);
export const last = ({ sent }, kind) => sent.filter((message) => message[kind]).at(-1)?.[kind];
export const senders = ({ connections }) => Object.fromEntries(
    connections.at(-1).getTransceivers().map(({ receiver, sender }) => [receiver.track.kind, sender.track]));

export const invite = { invite: { caller: "alice", media: { audio: true, video: true } } };
export const selected = { selected: { user: "bob", device: "d2", callerDevice: "d1" } };
export const offer = (revision = 1, session = 1) =>
    ({ description: { type: "offer", sdp: `offer ${session}.${revision}: audio+video`, session, revision } });
export const answer = (revision = 1, session = 1) =>
    ({ description: { type: "answer", sdp: `answer ${session}.${revision}`, session, revision } });

/** A call that rings at the other end. */
export async function caller(options) {
    const one = side("caller", options);
    one.inputs.start({ audio: true, video: true, ...options?.request });
    await settle();
    return one;
}

/** A call that rings here, with everything prepared. */
export async function callee(options) {
    const one = side("callee", options);
    one.inputs.messageReceived(invite);
    one.inputs.messageReceived(offer());
    one.inputs.shown();
    await settle();
    return one;
}

/** A call with media. */
export async function active(role, options) {
    const one = role === "caller" ? await caller(options) : await callee(options);
    if (role === "callee") one.call.accept();
    one.inputs.messageReceived(selected);
    if (role === "caller") one.inputs.messageReceived(answer());
    await settle();
    one.connections[0].connects();
    one.connections[0].iceBecomes("completed");
    return one;
}
